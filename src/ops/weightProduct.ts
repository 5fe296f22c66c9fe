import type { Storage } from '../backends/backend.js';
import type { Tensor } from '../tensor.js';

interface WeightProduct {
  readonly out: Storage;
  readonly a: Storage;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  /** Whether the weight lies as `[n, k]`. */
  readonly transB?: boolean;
  readonly bias?: Storage | undefined;
  readonly beta?: number;
}

/** `out = a op(weight) + beta * out + bias`: in integers for a packed weight whose precision is `fast`, else in floats. */
export function multiplyByWeight(weight: Tensor, product: WeightProduct): void {
  const { device, storage, precision } = weight;
  device.run(precision === 'fast' ? 'integerMatmul' : 'matmul', { ...product, b: storage });
}
