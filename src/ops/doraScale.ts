import { record } from '../autograd/record.js';
import type { Backend, Storage } from '../backends/backend.js';
import { checkOptions, type OptionNames } from '../base/options.js';
import { type Parameter, parameter, type Tensor } from '../tensor.js';
import { checkFactor, checkFloats, checkIntegers, checkShape, checkWeight, matrixSize } from './check.js';

/** A weight and the low-rank products that are added to it. */
export interface UpdatedWeight {
  /** [outFeatures, inFeatures]; with `columns` [inFeatures, outFeatures], as an embedding has it. */
  readonly weight: Tensor;
  readonly updates: readonly { readonly loraA: Tensor; readonly loraB: Tensor; readonly scaling: number }[];
  /** 0 … outFeatures − 1 (i32), given where the weight is stored transposed. */
  readonly columns?: Tensor | undefined;
}

const NAMES: OptionNames<UpdatedWeight> = { weight: true, updates: true, columns: true };

/** ‖W + Σ s B A‖ of each row, in new memory. */
function rowLengths({ weight, updates, columns }: UpdatedWeight): Storage {
  const [rows, cols] = matrixSize('doraScale', 'weight', weight);
  const [m, n] = columns ? [cols, rows] : [rows, cols];
  const { device } = weight;
  if (columns) {
    checkIntegers('doraScale', 'columns', columns, weight);
    checkShape('doraScale', 'columns', columns, [m]);
  }
  for (const { loraA, loraB, scaling } of updates) {
    checkFloats('doraScale', { loraA, loraB });
    checkWeight('doraScale', 'weight', weight, loraA);
    checkFactor('doraScale', 'scaling', scaling);
    const [rank] = matrixSize('doraScale', 'loraA', loraA);
    checkShape('doraScale', 'loraA', loraA, [rank, n]);
    checkShape('doraScale', 'loraB', loraB, [m, rank]);
  }
  const whole = device.alloc('f32', m * n);
  if (columns)
    device.run('take', {
      out: whole,
      table: weight.storage,
      indices: columns.storage,
      rows: m,
      cols: n,
      rowStride: 1,
      colStride: m,
    });
  else device.run('copy', { out: whole, x: weight.storage });
  for (const { loraA, loraB, scaling } of updates) {
    const dims = { m, k: loraA.shape[0], n, alpha: scaling, beta: 1 };
    device.run('matmul', { out: whole, a: loraB.storage, b: loraA.storage, ...dims });
  }
  const lengths = device.alloc('f32', m);
  device.run('rowNorms', { out: lengths, x: whole, rows: m, cols: n });
  device.free(whole);
  return lengths;
}

/** The initial magnitude `[outFeatures]`, which changes nothing: the length of each row of the weight. */
export function magnitudeOf(updated: UpdatedWeight): Parameter {
  const { device, shape } = updated.weight;
  const lengths = rowLengths(updated);
  const magnitude = parameter(device, undefined, [shape[updated.columns ? 1 : 0]]);
  device.run('copy', { out: magnitude.storage, x: lengths });
  device.free(lengths);
  return magnitude;
}

/**
 * DoRA's factor for each output: `g = magnitude / ‖W + Σ s B A‖` by rows. The length is treated as a constant, so that
 * the only gradient is dMagnitude = dg / ‖W + Σ s B A‖.
 * @param magnitude  [outFeatures]
 * @returns          [outFeatures]
 * @throws ShapeError when the sizes do not fit
 * @see https://arxiv.org/abs/2402.09353, section 4.3
 */
export function doraScale(magnitude: Tensor, updated: UpdatedWeight): Tensor {
  checkOptions('doraScale', updated, NAMES);
  checkFloats('doraScale', { magnitude });
  checkWeight('doraScale', 'weight', updated.weight, magnitude);
  matrixSize('doraScale', 'weight', updated.weight);
  checkShape('doraScale', 'magnitude', magnitude, [updated.weight.shape[updated.columns ? 1 : 0]]);
  const device: Backend = magnitude.device;
  const lengths = rowLengths(updated);
  const out = device.alloc('f32', magnitude.length);
  device.run('divide', { out, a: magnitude.storage, b: lengths });
  return record({
    device,
    out,
    shape: magnitude.shape,
    inputs: [magnitude],
    saved: [lengths],
    backward: (dOut, grad) => {
      grad(magnitude, (dMagnitude, beta) => {
        device.run('divide', { out: dMagnitude, a: dOut, b: lengths, beta });
      });
    },
  });
}
