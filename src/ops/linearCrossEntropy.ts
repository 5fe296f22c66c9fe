import { isGradEnabled, record } from '../autograd/record.js';
import type { Storage } from '../backends/backend.js';
import { ShapeError } from '../base/errors.js';
import { checkOptions, type OptionNames } from '../base/options.js';
import type { Tensor } from '../tensor.js';
import { checkFloats, checkIntegers, checkShape, checkWeight, matrixSize } from './check.js';
import { multiplyByWeight } from './weightProduct.js';

export interface LinearCrossEntropyOptions {
  /** [labels] i32: the row of `hidden` that predicts each label. A row may appear several times. */
  readonly rows: Tensor;
  /**
   * [labels] i32: the class of each label. A negative one, such as the −1 that pads a list, is not a label: it adds neither loss
   * nor gradient, whatever its row. One outside the vocabulary makes the loss NaN.
   */
  readonly targets: Tensor;
  /** One f32: the factor of the sum, such as 1 / (number of labels of the whole optimizer step). */
  readonly scale: Tensor;
}

const NAMES: OptionNames<LinearCrossEntropyOptions> = { rows: true, targets: true, scale: true };

/**
 * Number of labelled rows multiplied by the head at a time, a multiple of 64, at which slices of the lists may begin. With
 * 128 rows a weight is unpacked less often than with 64, and more rows gain nothing; where their logits exceed 32 MiB it is 64.
 */
const chunkRowsOf = (vocabulary: number) => (vocabulary <= 2 ** 16 ? 128 : 64);

/**
 * Cross-entropy of a head without bias over a vocabulary, `scale · Σ_i (log Σ_v exp(z[i,v]) − z[i, targets[i]])` with
 * `z[i] = hidden[rows[i]] · weightᵀ`. Only the listed rows are multiplied by the head, some at a time, so that the logits of
 * all rows never exist together. The gradient of `hidden` is computed in the forward pass, if it is needed, and kept; where a
 * row appears several times its gradients add in the order of the list. `weight` and `scale` are treated as constants.
 * @param hidden  [tokens, width]
 * @param weight  [vocabulary, width], frozen; may be bf16, f16 or packed
 * @returns       a scalar, shape []; NaN where the row of a label is outside 0…tokens−1
 * @throws ShapeError when the sizes do not fit or there are no labels, TypeError for lists that are not i32 and for a weight
 *   that is trained
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.cross_entropy.html with `reduction='sum'`
 */
export function linearCrossEntropy(
  hidden: Tensor,
  weight: Tensor,
  options: LinearCrossEntropyOptions,
): Tensor {
  return linearCrossEntropyInChunks(hidden, weight, options, chunkRowsOf(weight.shape[0]));
}

/** @internal The same with a given number of labelled rows at a time, a multiple of 64. */
export function linearCrossEntropyInChunks(
  hidden: Tensor,
  weight: Tensor,
  options: LinearCrossEntropyOptions,
  chunkRows: number,
): Tensor {
  const { labels, width, vocabulary } = sizesOf(hidden, weight, options);
  const { device } = hidden;
  const loss = device.alloc('f32', 1);
  const needsGradient = hidden.requiresGrad && isGradEnabled();
  const dHidden = needsGradient ? device.alloc('f32', hidden.length) : undefined;
  const chunk = Math.min(labels, chunkRows);
  const scratch = {
    gathered: device.alloc('f32', chunk * width),
    logits: device.alloc('f32', chunk * vocabulary),
    losses: device.alloc('f32', chunk),
  };
  for (let first = 0; first < labels; first += chunk) {
    const count = Math.min(chunk, labels - first);
    const [indices, targets] = [options.rows, options.targets].map(({ storage }) =>
      device.slice(storage, first, count),
    );
    const lists = { indices, targets, scale: options.scale.storage };
    addChunk({ loss, dHidden }, hidden, weight, lists, scratch, first === 0 ? 0 : 1);
    for (const each of [indices, targets]) device.free(each);
  }
  for (const each of Object.values(scratch)) device.free(each);
  return record({
    device,
    out: loss,
    shape: [],
    inputs: [hidden],
    saved: dHidden ? [dHidden] : [],
    backward: (dOut, grad) => {
      if (!dHidden) return;
      grad(hidden, (dX, beta) => device.run('mulScalar', { out: dX, x: dHidden, factor: dOut, beta }));
    },
  });
}

/** Adds the loss of some labelled rows to `beta * loss`, and their gradients to `beta * dHidden` if that is given. */
function addChunk(
  { loss, dHidden }: { readonly loss: Storage; readonly dHidden: Storage | undefined },
  hidden: Tensor,
  weight: Tensor,
  { indices, targets, scale }: Readonly<Record<'indices' | 'targets' | 'scale', Storage>>,
  { gathered, logits, losses }: Readonly<Record<'gathered' | 'logits' | 'losses', Storage>>,
  beta: 0 | 1,
): void {
  const { device } = hidden;
  const [vocabulary, width] = weight.shape;
  const rows = indices.length;
  const place = { indices, rows, cols: width, rowStride: width, colStride: 1 };
  device.run('take', { out: gathered, table: hidden.storage, ...place });
  multiplyByWeight(weight, { out: logits, a: gathered, m: rows, k: width, n: vocabulary, transB: true });
  device.run('vocabularyLoss', { losses, logits, targets, scale, rows, cols: vocabulary });
  device.run('sumRows', { out: loss, x: losses, rows, cols: 1, beta });
  if (!dHidden) return;
  // The gathered rows are no longer needed: their gradients take their place.
  multiplyByWeight(weight, { out: gathered, a: logits, m: rows, k: vocabulary, n: width });
  device.run('addAt', { table: dHidden, x: gathered, ...place, beta });
}

/** Checks a call. @returns its sizes @throws ShapeError, TypeError, DeviceError */
function sizesOf(hidden: Tensor, weight: Tensor, options: LinearCrossEntropyOptions) {
  const op = 'linearCrossEntropy';
  checkOptions(op, options, NAMES);
  const { rows, targets, scale } = options;
  checkFloats(op, { hidden, scale });
  checkWeight(op, 'weight', weight, hidden);
  checkIntegers(op, 'rows', rows, hidden);
  checkIntegers(op, 'targets', targets, hidden);
  const [, width] = matrixSize(op, 'hidden', hidden);
  const [vocabulary] = matrixSize(op, 'weight', weight);
  checkShape(op, 'weight', weight, [vocabulary, width]);
  const labels = rows.length;
  checkShape(op, 'rows', rows, [labels]);
  checkShape(op, 'targets', targets, [labels]);
  if (labels === 0) throw new ShapeError(`${op}: there are no labels`);
  if (scale.length !== 1) throw new ShapeError(`${op}: scale must have one element: got [${scale.shape}]`);
  if (weight.requiresGrad && isGradEnabled())
    throw new TypeError(`${op}: weight must be frozen, it gets no gradient: [${weight.shape}] is trained`);
  return { labels, width, vocabulary };
}
