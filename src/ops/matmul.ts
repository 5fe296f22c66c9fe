import { record } from '../autograd/record.js';
import { ShapeError } from '../base/errors.js';
import { checkOptions, type OptionNames } from '../base/options.js';
import type { Tensor } from '../tensor.js';
import { checkFloats, checkWeight, matrixSize } from './check.js';

export interface MatmulOptions {
  /** Whether `a` is `[k, m]` and used transposed. Default false. */
  readonly transA?: boolean;
  /** Whether `b` is `[n, k]` and used transposed. Default false. */
  readonly transB?: boolean;
  /** Factor of the product. Default 1. */
  readonly alpha?: number;
}

const NAMES: OptionNames<MatmulOptions> = { transA: true, transB: true, alpha: true };

/**
 * `out = alpha · op(a) op(b)`, where op transposes on request.
 * @param a  [m, k], or [k, m] with transA
 * @param b  [k, n], or [n, k] with transB; a frozen one may be bf16, f16 or packed, but not with transA
 * @returns  [m, n]
 * @throws ShapeError when the inner dimensions differ
 * @see https://docs.pytorch.org/docs/stable/generated/torch.matmul.html
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  checkOptions('matmul', options, NAMES);
  const { transA = false, transB = false, alpha = 1 } = options;
  checkFloats('matmul', { a });
  checkWeight('matmul', 'b', b, a);
  // The gradient of that a would have b as its left operand.
  if (transA && b.dtype !== 'f32')
    throw new TypeError(`matmul: b must be f32 where a is taken transposed: got ${b.dtype}`);
  const [aRows, aCols] = matrixSize('matmul', 'a', a);
  const [bRows, bCols] = matrixSize('matmul', 'b', b);
  const [m, k] = transA ? [aCols, aRows] : [aRows, aCols];
  const n = transB ? bRows : bCols;
  if (k !== (transB ? bCols : bRows)) {
    const how = `${transA ? ' (transA)' : ''}, b [${b.shape}]${transB ? ' (transB)' : ''}`;
    throw new ShapeError(`matmul: inner dimensions differ: a [${a.shape}]${how}`);
  }
  const { device } = a;
  const out = device.alloc('f32', m * n);
  device.run('matmul', { out, a: a.storage, b: b.storage, m, k, n, transA, transB, alpha });
  return record({
    device,
    out,
    shape: [m, n],
    inputs: [a, b],
    backward: (dOut, grad) => {
      // Where a is stored transposed, dAᵀ = op(b) dOutᵀ is computed instead of dA = dOut op(b)ᵀ; as for b.
      grad(a, (dA, beta) =>
        transA
          ? device.run('matmul', {
              out: dA,
              a: b.storage,
              b: dOut,
              m: k,
              k: n,
              n: m,
              transA: transB,
              transB: true,
              alpha,
              beta,
            })
          : device.run('matmul', {
              out: dA,
              a: dOut,
              b: b.storage,
              m,
              k: n,
              n: k,
              transB: !transB,
              alpha,
              beta,
            }),
      );
      grad(b, (dB, beta) =>
        transB
          ? device.run('matmul', {
              out: dB,
              a: dOut,
              b: a.storage,
              m: n,
              k: m,
              n: k,
              transA: true,
              transB: transA,
              alpha,
              beta,
            })
          : device.run('matmul', {
              out: dB,
              a: a.storage,
              b: dOut,
              m: k,
              k: m,
              n,
              transA: !transA,
              alpha,
              beta,
            }),
      );
    },
  });
}
