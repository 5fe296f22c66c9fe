/** Where two answers begin to differ. */

export interface Parted {
  /** The common beginning. */
  readonly same: string;
  /** The first word that the other does not have there, without the spaces before it. */
  readonly word: string;
  readonly rest: string;
}

/** @returns undefined if the texts have the same words, or the text is a beginning of the other */
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
