/** Setting, copying and appending to memory. */
import { ElementType } from './commands.gen';
import { loadFloat, storeFloat } from './halves';
import { isPacked, unpackTo } from './packed';
import { shareStart } from './share';

/** `out[i] = value`, in the elements' own type; the `part`-th of `parts` shares. */
export function fill(out: usize, length: usize, outType: i32, value: f64, part: usize, parts: usize): void {
  const from = shareStart(length, part, parts);
  const count = shareStart(length, part + 1, parts) - from;
  if (outType === ElementType.u8) memory.fill(out + from, <u8>(<i32>value), count);
  else
    fillWords(
      out + (from << 2),
      count,
      outType === ElementType.f32 ? reinterpret<i32>(<f32>value) : <i32>value,
    );
}

/** `out[i] = value`, any 32-bit pattern. */
function fillWords(out: usize, length: usize, value: i32): void {
  const values = i32x4.splat(value);
  const end = out + (length << 2);
  const vectorEnd = out + ((length & ~3) << 2);
  for (; out < vectorEnd; out += 16) v128.store(out, values);
  for (; out < end; out += 4) store<i32>(out, value);
}

/** `out[i] = x[i]`, rounded where the types of floats differ, f32 where `x` is packed; the `part`-th of `parts` shares. */
export function copy(
  out: usize,
  x: usize,
  length: usize,
  outType: i32,
  xType: i32,
  part: usize,
  parts: usize,
): void {
  const shift = shiftOf(xType);
  const from = shareStart(length, part, parts);
  const count = shareStart(length, part + 1, parts) - from;
  if (isPacked(xType)) {
    unpackTo(out + (from << 2), x, xType, from, from + count);
    return;
  }
  if (outType === xType) {
    memory.copy(out + (from << shift), x + (from << shift), count << shift);
    return;
  }
  const outShift = shiftOf(outType);
  for (let i = from; i < from + count; i++) {
    storeFloat(out + (i << outShift), outType, loadFloat(x + (i << shift), xType));
  }
}

/** Bytes of an element, as a shift. */
function shiftOf(type: i32): usize {
  if (type === ElementType.u8) return 0;
  return type === ElementType.f32 || type === ElementType.i32 ? 2 : 1;
}

/**
 * `list[1 + list[0]] = x[0]`, `list[0] += 1`, unless the list of `length` numbers, the count included, is full.
 */
export function append(list: usize, x: usize, length: usize): void {
  const count = load<f32>(list);
  const next: usize = <usize>count + 1;
  if (next >= length) return;
  store<f32>(list + (next << 2), load<f32>(x));
  store<f32>(list, count + 1);
}
