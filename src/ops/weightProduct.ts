import type { Storage } from '../backends/backend.js';
import type { Tensor } from '../tensor.js';

interface WeightProduct {
  readonly out: Storage;
  readonly a: Storage;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  /** Whether the weight is stored as `[n, k]`. */
  readonly transB?: boolean;
  readonly bias?: Storage | undefined;
  readonly beta?: number;
}

/** `out = a op(weight) + beta * out + bias`: in integers for a packed weight whose precision is not `exact`, otherwise in floats. */
export function multiplyByWeight(weight: Tensor, product: WeightProduct): void {
  const { device, storage, precision, dtype } = weight;
  const all = { ...product, b: storage };
  if (precision === 'exact') device.run('matmul', all);
  else
    device.run('integerMatmul', {
      ...all,
      coarse: precision === 'fastest' && product.m === 1 && dtype === 'q4',
    });
}
