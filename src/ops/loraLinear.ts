import { record } from '../autograd/record.js';
import { checkOptions, type OptionNames } from '../options.js';
import type { Tensor } from '../tensor.js';
import { checkFactor, checkFloats, checkShape, matrixSize, rowCount } from './check.js';

/** One low-rank update. */
export interface LoraUpdate {
  /** [rank, inFeatures] */
  readonly loraA: Tensor;
  /** [outFeatures, rank] */
  readonly loraB: Tensor;
  /** alpha / rank */
  readonly scaling: number;
  /** Taken instead of x, same shape: x with some of it dropped out. */
  readonly input?: Tensor | undefined;
  /** [rows] zeros and ones, constants: which rows get this update; default all. */
  readonly rowMask?: Tensor | undefined;
}

export interface LoraLinearInputs {
  /** [outFeatures, inFeatures] */
  readonly weight: Tensor;
  /** [outFeatures] */
  readonly bias: Tensor | undefined;
  readonly updates: readonly LoraUpdate[];
}

const NAMES: OptionNames<LoraLinearInputs> = { weight: true, bias: true, updates: true };
const UPDATE_NAMES: OptionNames<LoraUpdate> = {
  loraA: true,
  loraB: true,
  scaling: true,
  input: true,
  rowMask: true,
};

/**
 * `y = x Wᵀ + b + Σ s h Bᵀ` with h = mask ⊙ (x Aᵀ); with dh = mask ⊙ (s dy B) the gradients are dB = s dyᵀ h, dA = dhᵀ x,
 * dx = dy W + Σ dh A. The updates are added to the base product in its own memory.
 * @param x  [..., inFeatures]
 * @returns  [..., outFeatures]
 * @throws ShapeError when the sizes do not fit
 * @see https://arxiv.org/abs/2106.09685
 */
export function loraLinear(x: Tensor, inputs: LoraLinearInputs): Tensor {
  checkOptions('loraLinear', inputs, NAMES);
  const { weight, bias, updates } = inputs;
  checkFloats('loraLinear', { x, weight, bias });
  const [n, k] = matrixSize('loraLinear', 'weight', weight);
  const m = rowCount('loraLinear', 'x', x, k);
  if (bias) checkShape('loraLinear', 'bias', bias, [n]);
  for (const update of updates) checkUpdate(update, x, m, k, n);

  const { device } = x;
  const out = device.alloc('f32', m * n);
  const hidden = updates.map(({ loraA }) => device.alloc('f32', m * loraA.shape[0]));
  device.run('matmul', { out, a: x.storage, b: weight.storage, m, k, n, transB: true, bias: bias?.storage });
  for (const [i, { loraA, loraB, scaling, input = x, rowMask }] of updates.entries()) {
    const rank = loraA.shape[0];
    device.run('matmul', { out: hidden[i], a: input.storage, b: loraA.storage, m, k, n: rank, transB: true });
    if (rowMask)
      device.run('mulRows', { out: hidden[i], x: hidden[i], factors: rowMask.storage, rows: m, cols: rank });
    device.run('matmul', {
      out,
      a: hidden[i],
      b: loraB.storage,
      m,
      k: rank,
      n,
      transB: true,
      alpha: scaling,
      beta: 1,
    });
  }
  return record({
    device,
    out,
    shape: [...x.shape.slice(0, -1), n],
    inputs: [x, weight, ...(bias ? [bias] : []), ...updates.flatMap(inputsOf)],
    constants: updates.map(({ rowMask }) => rowMask),
    saved: hidden,
    backward: (dOut, grad, scratch) => {
      if (bias)
        grad(bias, (dBias, beta) => device.run('sumRows', { out: dBias, x: dOut, rows: m, cols: n, beta }));
      grad(weight, (dWeight, beta) =>
        device.run('matmul', { out: dWeight, a: dOut, b: x.storage, m: n, k: m, n: k, transA: true, beta }),
      );
      const dHidden = updates.map(({ loraA, loraB, scaling, input = x, rowMask }, i) => {
        const rank = loraA.shape[0];
        grad(loraB, (dB, beta) =>
          device.run('matmul', {
            out: dB,
            a: dOut,
            b: hidden[i],
            m: n,
            k: m,
            n: rank,
            transA: true,
            alpha: scaling,
            beta,
          }),
        );
        if (!loraA.requiresGrad && !input.requiresGrad) return undefined;
        const dh = scratch(m * rank);
        device.run('matmul', { out: dh, a: dOut, b: loraB.storage, m, k: n, n: rank, alpha: scaling });
        if (rowMask) device.run('mulRows', { out: dh, x: dh, factors: rowMask.storage, rows: m, cols: rank });
        grad(loraA, (dA, beta) =>
          device.run('matmul', { out: dA, a: dh, b: input.storage, m: rank, k: m, n: k, transA: true, beta }),
        );
        return dh;
      });
      grad(x, (dX, beta) =>
        device.run('matmul', { out: dX, a: dOut, b: weight.storage, m, k: n, n: k, beta }),
      );
      for (const [i, { loraA, input = x }] of updates.entries()) {
        const dh = dHidden[i];
        if (!dh) continue;
        const rank = loraA.shape[0];
        grad(input, (dX, beta) =>
          device.run('matmul', { out: dX, a: dh, b: loraA.storage, m, k: rank, n: k, beta }),
        );
      }
    },
  });
}

function inputsOf({ loraA, loraB, input }: LoraUpdate): Tensor[] {
  return input ? [loraA, loraB, input] : [loraA, loraB];
}

function checkUpdate(update: LoraUpdate, x: Tensor, m: number, k: number, n: number): void {
  checkOptions('loraLinear: update', update, UPDATE_NAMES);
  const { loraA, loraB, scaling, input, rowMask } = update;
  checkFactor('loraLinear', 'scaling', scaling);
  checkFloats('loraLinear', { x, loraA, loraB, input, rowMask });
  const [rank] = matrixSize('loraLinear', 'loraA', loraA);
  checkShape('loraLinear', 'loraA', loraA, [rank, k]);
  checkShape('loraLinear', 'loraB', loraB, [n, rank]);
  if (input) checkShape('loraLinear', 'input', input, x.shape);
  if (rowMask) checkShape('loraLinear', 'rowMask', rowMask, [m]);
}
