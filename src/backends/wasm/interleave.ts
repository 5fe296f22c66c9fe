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
  const { codes, groups } = partsOf(place);
  // A zero may be negative.
  const isShifted = apart.subarray(codes + groups).some((bits) => (bits & 0x7fffffff) !== 0);
  words[place.at + HAS_MINIMUMS] = isShifted ? 1 : 0;
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

/** Copies in or out, in the order of memory. */
function move(words: Int32Array, place: PackedPlace, apart: Int32Array, isIn: boolean): void {
  const { group, bits, hasMinimums } = PACKED[place.dtype];
  const { codes, groups } = partsOf(place);
  const codeWords = (group * bits) / 32;
  const ofRow = place.rowLength / group;
  const rows = place.rowLength === 0 ? 0 : groups / ofRow;
  let at = place.at + HEADER_BYTES / 4;
  const copy = (from: number) => {
    if (isIn) words[at] = apart[from];
    else apart[from] = words[at];
    at++;
  };
  for (let strip = 0; strip < rows; strip += STRIP_ROWS) {
    const end = Math.min(strip + STRIP_ROWS, rows);
    for (let g = 0; g < ofRow; g++) {
      for (let row = strip; row < end; row++) {
        const from = (row * ofRow + g) * codeWords;
        for (let i = 0; i < codeWords; i++) copy(from + i);
      }
      for (let row = strip; row < end; row++) copy(codes + row * ofRow + g);
      for (let row = strip; hasMinimums && row < end; row++) copy(codes + groups + row * ofRow + g);
    }
  }
}
