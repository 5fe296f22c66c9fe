/** Setting, copying and appending to memory. */

/** `out[i] = value`, f32. */
export function fill(out: usize, length: usize, value: f32): void {
  fillI32(out, length, reinterpret<i32>(value));
}

/** `out[i] = value`, any 32-bit pattern. */
export function fillI32(out: usize, length: usize, value: i32): void {
  const values = i32x4.splat(value);
  const end = out + (length << 2);
  const vectorEnd = out + ((length & ~3) << 2);
  for (; out < vectorEnd; out += 16) v128.store(out, values);
  for (; out < end; out += 4) store<i32>(out, value);
}

/** `out[i] = value`, u8. */
export function fillU8(out: usize, length: usize, value: u8): void {
  memory.fill(out, value, length);
}

/** Copies `byteLength` bytes. */
export function copy(out: usize, x: usize, byteLength: usize): void {
  memory.copy(out, x, byteLength);
}

/**
 * `list[1 + list[0]] = x[0]`, `list[0] += 1`, unless the list of `length` numbers, the count included, is full.
 */
export function append(list: usize, length: usize, x: usize): void {
  const count = load<f32>(list);
  const next: usize = <usize>count + 1;
  if (next >= length) return;
  store<f32>(list + (next << 2), load<f32>(x));
  store<f32>(list, count + 1);
}
