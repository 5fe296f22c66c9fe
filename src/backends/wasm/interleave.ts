/**
 * How packed weights lie in WebAssembly's memory, so that a row of activations times all of them reads one stream. The bytes that
 * `write` takes and `read` gives have codes, scales and minimums apart, see {@link PACKED}. Here is a header of four 32-bit numbers
 * (rows, weights of a row, whether a minimum is not 0, nothing), then strips of four rows, of which the last may have fewer: group
 * by group the codes of its rows, then their scales, then, where the type has them, their minimums.
 */
import { PACKED, type PackedType } from '../elementTypes.js';

export const HEADER_BYTES = 16;
const STRIP_ROWS = 4;
/** The header's third 32-bit word. */
const HAS_MINIMUMS = 2;

/** Rows of the same number of whole groups, in memory starting at the 32-bit word `at`. */
export interface PackedPlace {
  readonly dtype: PackedType;
  readonly length: number;
  readonly rowLength: number;
  readonly at: number;
}

/** Writes the header of weights that are not written yet. */
export function writeHeader(words: Int32Array, { length, rowLength, at }: PackedPlace): void {
  words.set([rowLength === 0 ? 0 : length / rowLength, rowLength, 0, 0], at);
}

/** Stores weights interleaved. @param apart  their bytes as 32-bit words, with separate parts */
export function interleave(words: Int32Array, place: PackedPlace, apart: Int32Array): void {
  move(words, place, apart, true);
  words[place.at + HAS_MINIMUMS] = isShifted(apart, place) ? 1 : 0;
}

/** The reverse of {@link interleave}. */
export function deinterleave(words: Int32Array, place: PackedPlace): Int32Array {
  const { codes, groups } = partsOf(place);
  const apart = new Int32Array(codes + groups * (PACKED[place.dtype].hasMinimums ? 2 : 1));
  move(words, place, apart, false);
  return apart;
}

/** Number of words of all codes, and of groups, each of which has a scale of one word. */
function partsOf({ dtype, length }: PackedPlace): { codes: number; groups: number } {
  const { bits, group } = PACKED[dtype];
  return { codes: (length * bits) / 32, groups: length / group };
}

/** Whether a minimum is not 0. A zero may have a sign. */
function isShifted(apart: Int32Array, place: PackedPlace): boolean {
  const { codes, groups } = partsOf(place);
  for (let i = codes + groups; i < apart.length; i++) if ((apart[i] & 0x7fffffff) !== 0) return true;
  return false;
}

/** Copies in or out, row by row. */
function move(words: Int32Array, place: PackedPlace, apart: Int32Array, isIn: boolean): void {
  const { group, bits, hasMinimums } = PACKED[place.dtype];
  const { codes, groups } = partsOf(place);
  const width = (group * bits) / 32;
  const ofRow = place.rowLength / group;
  const rows = place.rowLength === 0 ? 0 : groups / ofRow;
  const groupWords = width + (hasMinimums ? 2 : 1);
  const begin = place.at + HEADER_BYTES / 4;
  const copy = isIn ? spread : gather;
  for (let row = 0; row < rows; row++) {
    const first = row - (row % STRIP_ROWS);
    const inStrip = Math.min(STRIP_ROWS, rows - first);
    const at = begin + first * ofRow * groupWords;
    const numbers = at + inStrip * width + row - first;
    const from = row * ofRow;
    const steps = { count: ofRow, stride: inStrip * groupWords };
    copy(words, at + (row - first) * width, apart, from * width, width, steps);
    copy(words, numbers, apart, codes + from, 1, steps);
    if (hasMinimums) copy(words, numbers + inStrip, apart, codes + groups + from, 1, steps);
  }
}

interface Steps {
  readonly count: number;
  /** Words from one step to the next, where they do not follow one another. */
  readonly stride: number;
}

/** Copies words that follow one another to where each `width` of them lies apart from the next. */
function spread(
  words: Int32Array,
  at: number,
  apart: Int32Array,
  from: number,
  width: number,
  { count, stride }: Steps,
): void {
  let [to, begin] = [at, from];
  for (let step = 0; step < count; step++) {
    for (let i = 0; i < width; i++) words[to + i] = apart[begin + i];
    to += stride;
    begin += width;
  }
}

/** The other way. */
function gather(
  words: Int32Array,
  at: number,
  apart: Int32Array,
  from: number,
  width: number,
  { count, stride }: Steps,
): void {
  let [begin, to] = [at, from];
  for (let step = 0; step < count; step++) {
    for (let i = 0; i < width; i++) apart[to + i] = words[begin + i];
    begin += stride;
    to += width;
  }
}
