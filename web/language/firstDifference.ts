/** Where two answers part. */

export interface Parted {
  /** What both begin with. */
  readonly same: string;
  /** The first word that the other does not have there, without the spaces before it. */
  readonly word: string;
  readonly rest: string;
}

/** @returns undefined where the text goes as far as the other, or is its beginning */
export function firstDifference(text: string, other: string): Parted | undefined {
  const others = wordsOf(other);
  for (const [i, { word, at }] of wordsOf(text).entries()) {
    if (others[i]?.word === word) continue;
    return { same: text.slice(0, at), word, rest: text.slice(at + word.length) };
  }
  return undefined;
}

const wordsOf = (text: string) =>
  Array.from(text.matchAll(/\S+/gu), ({ 0: word, index }) => ({ word, at: index }));
