/** The description of a product, from the arguments of its kernel. */
import { ElementType } from '../commands.gen';
import { isPacked, rowLengthOf } from '../packed';
import { Product } from './product';
import { SPILL_OFFSET } from './scratch';

/** Writes the description at the beginning of the scratch memory; see matmul for the arguments. */
export function describe(
  out: usize,
  a: usize,
  b: usize,
  bias: usize,
  bType: i32,
  m: usize,
  k: usize,
  n: usize,
  transA: bool,
  transB: bool,
  alpha: f32,
  beta: f32,
  scratch: usize,
): Product {
  assert((scratch & 15) === 0, 'matmul: scratch memory is not at a multiple of 16');
  const product = changetype<Product>(scratch);
  product.m = m;
  product.k = k;
  product.n = n;
  product.a = a;
  product.aRow = transA ? 4 : k << 2;
  product.aStep = transA ? m << 2 : 4;
  describeB(product, b, bType, transB);
  product.out = out;
  product.outRow = n << 2;
  product.outCol = 4;
  product.alpha = alpha;
  product.beta = beta;
  product.bias = bias;
  product.isTransposed = false;
  product.spill = scratch + SPILL_OFFSET;
  return product;
}

function describeB(product: Product, b: usize, type: i32, transB: bool): void {
  const k = product.k;
  const n = product.n;
  // Bytes of an element, as a shift; a packed one is counted.
  const shift: usize = isPacked(type) ? 0 : type === ElementType.f32 ? 2 : 1;
  product.bType = type;
  product.bStep = transB ? 1 << shift : n << shift;
  product.bCol = transB ? k << shift : 1 << shift;
  product.b = b;
  if (!isPacked(type)) return;
  product.b = 0;
  product.weights = b;
  product.hasStrips = rowLengthOf(b) === (transB ? k : n);
}
