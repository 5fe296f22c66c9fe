/** The meaning of a Python pattern's parts, for code points and for the positions between them. */

/** Whether a code point is one that a pattern stands for. */
export type CodeTest = (code: number) => boolean;

/** Whether a pattern without width matches before the code point at a position. */
export type PlaceTest = (text: readonly number[], position: number) => boolean;

export function codeOf(character: string): number {
  return character.codePointAt(0) ?? 0;
}

/** Characters that equal an ASCII letter in Python when case is ignored: İ, ı, ſ and the Kelvin sign. */
const SAME_LETTER: ReadonlyMap<number, string> = new Map([
  [0x130, 'i'],
  [0x131, 'i'],
  [0x17f, 's'],
  [0x212a, 'k'],
]);

/** The code points from one to another. @throws RangeError where other letters than those of ASCII ignore case */
export function rangeTest(low: number, high: number, ignoreCase: boolean): CodeTest {
  const test: CodeTest = (code) => low <= code && code <= high;
  if (!ignoreCase) return test;
  if (high > 127) throw new RangeError('only letters of ASCII can ignore case');
  return (code) => {
    const letter = code > 127 ? SAME_LETTER.get(code) : String.fromCharCode(code);
    return letter !== undefined && (test(codeOf(letter.toLowerCase())) || test(codeOf(letter.toUpperCase())));
  };
}

const matches =
  (pattern: RegExp): CodeTest =>
  (code) =>
    pattern.test(String.fromCodePoint(code));
const isUnicodeSpace = matches(/[\t-\r\x85\p{Z}]/u);
const CATEGORIES = {
  d: matches(/\p{Nd}/u),
  // The four separators of ASCII are spaces to Python.
  s: (code: number) => (0x1c <= code && code <= 0x1f) || isUnicodeSpace(code),
  w: matches(/[\p{L}\p{N}_]/u),
};
const ASCII_CATEGORIES = { d: matches(/[0-9]/), s: matches(/[\t-\r ]/), w: matches(/\w/) };

/** The test of `\d`, `\s`, `\w` or, in capitals, their opposites. @param mark  one of the six letters */
export function categoryTest(mark: string, ascii: boolean): CodeTest {
  const isIn = (ascii ? ASCII_CATEGORIES : CATEGORIES)[mark.toLowerCase() as 'd' | 's' | 'w'];
  const negated = mark < 'a';
  return (code) => isIn(code) !== negated;
}

/** `\b`, or its opposite `\B`: an empty text has neither, in Python. */
export function boundaryTest(isBoundary: boolean, ascii: boolean): PlaceTest {
  const isWord = categoryTest('w', ascii);
  const at = (text: readonly number[], i: number) => i >= 0 && i < text.length && isWord(text[i]);
  return (text, i) => text.length > 0 && (at(text, i - 1) !== at(text, i)) === isBoundary;
}
