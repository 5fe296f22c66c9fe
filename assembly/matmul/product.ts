/** The description of a matrix product, and the storing of finished sums in the output. */
import { madd } from '../simd';

/**
 * `out[i,j] = alpha * Σ_p a[i,p] b[p,j] + beta * out[i,j] + bias`, as the kernels see it: op(a) and op(b) are
 * addresses with a byte stride per direction, so that transposing one, or the whole product, swaps strides.
 * It lies at the beginning of the scratch memory, since nothing may be kept in globals.
 */
@unmanaged
export class Product {
  m: usize;
  k: usize;
  n: usize;

  a: usize;
  /** Bytes from a row of op(a) to the next, and from a step along k to the next. */
  aRow: usize;
  aStep: usize;

  /** Address of b, or where b is packed, the index of a weight. */
  b: usize;
  bType: i32;
  /** Bytes from a step along k to the next, and from a column of op(b) to the next; weights, where b is packed. */
  bStep: usize;
  bCol: usize;
  /** For a packed b: its address, and whether its rows are those of the product, so that strips of them can be read. */
  weights: usize;
  hasStrips: bool;

  out: usize;
  outRow: usize;
  outCol: usize;
  alpha: f32;
  /** Beta of the current block along k: 1 after the first one. */
  beta: f32;
  /** Address of the bias; 0 before the last block along k, and when there is none. */
  bias: usize;
  /**
   * Whether rows and columns are exchanged: tiles are then stored element by element, and the bias runs along the
   * rows.
   */
  isTransposed: bool;

  /** Scratch for the sums of a tile that is not stored as vectors. */
  spill: usize;
  /** Scratch for blocks of the operands. */
  packedA: usize;
  packedB: usize;

  /** Transposes the product: `outᵀ = op(b)ᵀ op(a)ᵀ`. */
  transpose(): void {
    const m = this.m;
    this.m = this.n;
    this.n = m;
    const a = this.a;
    const aRow = this.aRow;
    const aStep = this.aStep;
    this.a = this.b;
    this.aRow = this.bCol;
    this.aStep = this.bStep;
    this.b = a;
    this.bStep = aStep;
    this.bCol = aRow;
    const outRow = this.outRow;
    this.outRow = this.outCol;
    this.outCol = outRow;
    this.isTransposed = !this.isTransposed;
  }

  /**
   * Reduces the product to the `part`-th of `parts` nearly equal shares of the output, which may be empty: some
   * of its columns, or of its rows where that makes the largest share smaller. They begin at multiples of the tile's
   * sides, so that each sum is computed and stored exactly as in the whole product.
   */
  takeShare(part: usize, parts: usize, tileRows: usize, tileCols: usize): void {
    if (parts === 1) return;
    const ofRows = largestShare(this.m, tileRows, parts) * this.n;
    const ofCols = largestShare(this.n, tileCols, parts) * this.m;
    if (ofRows < ofCols || (ofRows === ofCols && this.m > this.n)) {
      const row = shareStart(this.m, tileRows, part, parts);
      this.m = shareStart(this.m, tileRows, part + 1, parts) - row;
      this.a += row * this.aRow;
      this.out += row * this.outRow;
      if (this.bias && this.isTransposed) this.bias += row << 2;
    } else {
      const col = shareStart(this.n, tileCols, part, parts);
      this.n = shareStart(this.n, tileCols, part + 1, parts) - col;
      this.b += col * this.bCol;
      this.out += col * this.outCol;
      if (this.bias && !this.isTransposed) this.bias += col << 2;
    }
  }
}

/** Where the `part`-th of `parts` nearly equal shares of `length` begins: at a multiple of `unit`. */
function shareStart(length: usize, unit: usize, part: usize, parts: usize): usize {
  const units = (length + unit - 1) / unit;
  return min(((units * part) / parts) * unit, length);
}

function largestShare(length: usize, unit: usize, parts: usize): usize {
  const units = (length + unit - 1) / unit;
  return min(((units + parts - 1) / parts) * unit, length);
}

/** The bias of four columns from `col` on, or zeros. */
export function biasVector(product: Product, col: usize): v128 {
  return product.bias ? v128.load(product.bias + (col << 2)) : f32x4.splat(0);
}

/** `out[0 … 3] = alpha * sums + beta * out + bias`, not reading `out` if `beta` is 0. */
export function storeVector(out: usize, sums: v128, alpha: v128, beta: f32, bias: v128): void {
  let value = f32x4.mul(sums, alpha);
  if (beta !== 0) value = madd(f32x4.splat(beta), v128.load(out), value);
  v128.store(out, f32x4.add(value, bias));
}

/**
 * Stores the `rows` × `cols` sums that lie in the spill area, its rows `spillRow` bytes apart, one by one.
 */
export function storeSpilled(
  to: Product,
  row: usize,
  rows: usize,
  spillRow: usize,
  col: usize,
  cols: usize,
): void {
  for (let r: usize = 0; r < rows; r++) {
    for (let c: usize = 0; c < cols; c++) {
      const out = to.out + (row + r) * to.outRow + (col + c) * to.outCol;
      let value = load<f32>(to.spill + r * spillRow + (c << 2)) * to.alpha;
      if (to.beta !== 0) value += to.beta * load<f32>(out);
      if (to.bias) value += load<f32>(to.bias + ((to.isTransposed ? row + r : col + c) << 2));
      store<f32>(out, value);
    }
  }
}
