/** Batches from a dataset that lies in memory as bytes. */

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
export function gatherLabels(out: usize, labels: usize, indices: usize, rows: usize): void {
  for (let r: usize = 0; r < rows; r++) {
    store<i32>(out + (r << 2), <i32>load<u8>(labels + indexAt(indices, r)));
  }
}

function indexAt(indices: usize, r: usize): usize {
  const index = load<i32>(indices + (r << 2));
  assert(index >= 0, 'gather: an index is negative');
  return <usize>index;
}

/** `out[r,c] = table[indices[r] * rowStride + c * colStride]`, f32; NaN where an index is not below `count`. */
export function take(
  out: usize,
  table: usize,
  indices: usize,
  rows: usize,
  cols: usize,
  rowStride: usize,
  colStride: usize,
  count: usize,
): void {
  const step = colStride << 2;
  for (let r: usize = 0; r < rows; r++) {
    const index = <usize>load<u32>(indices + (r << 2));
    if (index >= count) {
      for (const end = out + (cols << 2); out < end; out += 4) store<f32>(out, NaN);
      continue;
    }
    let from = table + ((index * rowStride) << 2);
    for (const end = out + (cols << 2); out < end; out += 4, from += step) store<f32>(out, load<f32>(from));
  }
}

/**
 * `table[indices[r] * rowStride + c * colStride] += x[r,c]`, f32, row after row, but those whose index is not below
 * `count`.
 */
export function addAt(
  table: usize,
  x: usize,
  indices: usize,
  rows: usize,
  cols: usize,
  rowStride: usize,
  colStride: usize,
  count: usize,
): void {
  const step = colStride << 2;
  for (let r: usize = 0; r < rows; r++) {
    const index = <usize>load<u32>(indices + (r << 2));
    if (index >= count) {
      x += cols << 2;
      continue;
    }
    let to = table + ((index * rowStride) << 2);
    for (const end = x + (cols << 2); x < end; x += 4, to += step)
      store<f32>(to, load<f32>(to) + load<f32>(x));
  }
}
