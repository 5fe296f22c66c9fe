import { record } from '../autograd/record.js';
import type { Storage } from '../backends/backend.js';
import { ShapeError } from '../base/errors.js';
import { checkOptions, type OptionNames } from '../base/options.js';
import type { Tensor } from '../tensor.js';
import { checkFloats, checkIntegers, checkShape, matrixSize } from './check.js';

export interface AttentionOptions {
  /**
   * [rows, 4] i32: from, to, prefixFrom, prefixTo. A row sees the rows j of k with `from ≤ j < to` or
   * `prefixFrom ≤ j < prefixTo`; the two must not overlap, and bounds outside 0…keys are clamped.
   */
  readonly ranges: Tensor;
  /** Number of heads of q. */
  readonly heads: number;
  /** Number of heads of k and v, which must divide `heads`. Default `heads`. */
  readonly kvHeads?: number | undefined;
  /** Factor of the scores. Default 1 / √dim. */
  readonly scale?: number | undefined;
}

const NAMES: OptionNames<AttentionOptions> = { ranges: true, heads: true, kvHeads: true, scale: true };

/**
 * `out[i,h] = Σ_j softmax_j(scale q[i,h] · k[j,g]) v[j,g]` over the keys j that `ranges` lets row i see, with
 * g = ⌊h / (heads / kvHeads)⌋. A row that sees no key becomes 0 and passes on no gradient. The scores are computed again
 * in the backward pass: besides inputs and output, only two numbers for each row and head are kept.
 * @param q  [rows, heads · dim]
 * @param k  [keys, kvHeads · dim]
 * @param v  [keys, kvHeads · dim]
 * @returns  [rows, heads · dim]
 * @throws ShapeError when the sizes do not fit, RangeError for an invalid number of heads or scale
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html
 * @see https://arxiv.org/abs/2205.14135, section 3 and appendix B: the gradients from the logarithms of the sums
 */
export function attention(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions): Tensor {
  checkOptions('attention', options, NAMES);
  checkFloats('attention', { q, k, v });
  const { ranges } = options;
  const sizes = sizesOf(q, k, v, options);
  const { rows, heads, dim } = sizes;
  checkIntegers('attention', 'ranges', ranges, q);
  checkShape('attention', 'ranges', ranges, [rows, 4]);
  const { device } = q;
  const out = device.alloc('f32', q.length);
  const stats = device.alloc('f32', rows * heads * 2);
  const read = { q: q.storage, k: k.storage, v: v.storage, ranges: ranges.storage };
  device.run('attention', { out, stats, ...read, ...sizes });
  const result = record({
    device,
    out,
    shape: q.shape,
    inputs: [q, k, v],
    constants: [ranges],
    saved: [stats],
    backward: (dOut, grad) => {
      if (q.requiresGrad || k.requiresGrad)
        device.run('attentionDots', { stats, out, dOut, rows, heads, dim });
      const args = { ...read, dOut, stats, ...sizes };
      grad(q, (dQ, beta) => device.run('attentionQueriesBackward', { dQ, ...args, beta }));
      const toKeys = (outputs: { dK?: Storage; dV?: Storage }, beta: 0 | 1) =>
        device.run('attentionKeysBackward', { ...outputs, ...args, beta });
      if (k === v || !k.requiresGrad || !v.requiresGrad) {
        grad(k, (dK, beta) => toKeys({ dK }, beta));
        grad(v, (dV, beta) => toKeys({ dV }, beta));
        return;
      }
      // Both at once: the probabilities are the same.
      grad(k, (dK, beta) =>
        grad(v, (dV, betaOfV) => {
          if (beta === betaOfV) return toKeys({ dK, dV }, beta);
          toKeys({ dK }, beta);
          toKeys({ dV }, betaOfV);
        }),
      );
    },
  });
  // The backward reads the output: no later op may take over its memory.
  if (result.node) result.isRead = true;
  return result;
}

/** The sizes and the scale of a call. @throws ShapeError, RangeError */
function sizesOf(q: Tensor, k: Tensor, v: Tensor, { heads, kvHeads = heads, scale }: AttentionOptions) {
  for (const [name, count] of Object.entries({ heads, kvHeads })) {
    if (!Number.isSafeInteger(count) || count < 1)
      throw new RangeError(`attention: ${name} must be a positive integer: got ${count}`);
  }
  if (heads % kvHeads !== 0)
    throw new ShapeError(`attention: heads must be a multiple of kvHeads: ${heads}, ${kvHeads}`);
  const [rows, width] = matrixSize('attention', 'q', q);
  const dim = width / heads;
  if (!Number.isInteger(dim) || dim === 0)
    throw new ShapeError(`attention: q must be [rows, ${heads} · dim]: got [${q.shape}]`);
  const [keys] = matrixSize('attention', 'k', k);
  checkShape('attention', 'k', k, [keys, kvHeads * dim]);
  checkShape('attention', 'v', v, k.shape);
  if (scale !== undefined && !Number.isFinite(scale))
    throw new RangeError(`attention: scale must be a finite number: got ${scale}`);
  return { rows, keys, heads, kvHeads, dim, scale: scale ?? 1 / Math.sqrt(dim) };
}
