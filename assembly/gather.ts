/** Batches from a dataset that lies in memory as bytes, and rows of tables. */
import { ElementType } from './commands.gen';
import { loadFloat } from './halves';
import { isPacked, unpackOne, unpackTo } from './packed';

/**
 * `out[r,c] = bytes[indices[r], c] * scale + shift`: bytes `[*, cols]` u8, indices `[rows]` i32,
 * out `[rows, cols]` f32. Sixteen bytes become four vectors of four floats.
 */
export function gatherRows(
  out: usize,
  bytes: usize,
  indices: usize,
  rows: usize,
  cols: usize,
  scale: f32,
  shift: f32,
): void {
  for (let r: usize = 0; r < rows; r++) {
    let from = bytes + indexAt(indices, r) * cols;
    const end = from + cols;
    const vectorEnd = from + (cols & ~15);
    for (; from < vectorEnd; from += 16, out += 64) {
      const low = v128.load_ext<u8>(from);
      const high = v128.load_ext<u8>(from, 8);
      v128.store(out, normalise(i32x4.extend_low_i16x8_u(low), scale, shift));
      v128.store(out, normalise(i32x4.extend_high_i16x8_u(low), scale, shift), 16);
      v128.store(out, normalise(i32x4.extend_low_i16x8_u(high), scale, shift), 32);
      v128.store(out, normalise(i32x4.extend_high_i16x8_u(high), scale, shift), 48);
    }
    for (; from < end; from++, out += 4) store<f32>(out, <f32>load<u8>(from) * scale + shift);
  }
}

function normalise(integers: v128, scale: f32, shift: f32): v128 {
  const scaled = f32x4.mul(f32x4.convert_i32x4_s(integers), f32x4.splat(scale));
  return f32x4.add(scaled, f32x4.splat(shift));
}

/** `out[r] = labels[indices[r]]`, u8 to i32. */
export function gatherLabels(out: usize, labels: usize, indices: usize, length: usize): void {
  for (let r: usize = 0; r < length; r++) {
    store<i32>(out + (r << 2), <i32>load<u8>(labels + indexAt(indices, r)));
  }
}

function indexAt(indices: usize, r: usize): usize {
  const index = load<i32>(indices + (r << 2));
  assert(index >= 0, 'gather: an index is negative');
  return <usize>index;
}

/**
 * `out[r,c] = table[indices[r] * rowStride + c * colStride]`, f32 from any type of floats or of packed weights; NaN where an index is outside
 * the table, which has `length` elements.
 */
export function take(
  out: usize,
  table: usize,
  indices: usize,
  length: usize,
  tableType: i32,
  rows: usize,
  cols: usize,
  rowStride: usize,
  colStride: usize,
): void {
  const shift: usize = tableType === ElementType.f32 ? 2 : 1;
  const step = colStride << shift;
  const count = countOf(length, cols);
  for (let r: usize = 0; r < rows; r++) {
    const end = out + (cols << 2);
    // As an unsigned number, a negative index is a large one.
    const index = <usize>load<u32>(indices + (r << 2));
    if (index >= count) {
      for (; out < end; out += 4) store<f32>(out, NaN);
      continue;
    }
    const first = index * rowStride;
    if (isPacked(tableType)) {
      takePacked(out, table, tableType, first, cols, colStride);
      out = end;
      continue;
    }
    let from = table + (first << shift);
    for (; out < end; out += 4, from += step) store<f32>(out, loadFloat(from, tableType));
  }
}

/** A row of packed weights, or every `stride`-th of them. */
function takePacked(out: usize, table: usize, type: i32, first: usize, cols: usize, stride: usize): void {
  if (stride === 1 && ((first | cols) & 15) === 0) unpackTo(out, table, type, first, first + cols);
  else
    for (let c: usize = 0; c < cols; c++)
      store<f32>(out + (c << 2), unpackOne(table, type, first + c * stride));
}

/**
 * `table[indices[r] * rowStride + c * colStride] += x[r,c]`, f32, row after row, except those whose index is outside the table;
 * `beta = 0` sets all of its `length` elements to 0 first.
 */
export function addAt(
  table: usize,
  x: usize,
  indices: usize,
  length: usize,
  rows: usize,
  cols: usize,
  rowStride: usize,
  colStride: usize,
  beta: f32,
): void {
  const step = colStride << 2;
  const count = countOf(length, cols);
  if (beta === 0) memory.fill(table, 0, length << 2);
  for (let r: usize = 0; r < rows; r++) {
    const end = x + (cols << 2);
    const index = <usize>load<u32>(indices + (r << 2));
    if (index >= count) {
      x = end;
      continue;
    }
    let to = table + ((index * rowStride) << 2);
    for (; x < end; x += 4, to += step) store<f32>(to, load<f32>(to) + load<f32>(x));
  }
}

/** Number of rows, or columns, of a table, which is the limit of indices. */
function countOf(length: usize, cols: usize): usize {
  return cols === 0 ? 0 : length / cols;
}
