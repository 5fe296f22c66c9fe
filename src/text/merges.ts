/** The pairs of tokens that a byte-pair encoding joins, and their order. */
import { DataError } from '../base/errors.js';

export type Pair = readonly [left: string, right: string];

/**
 * Merges by the ids of the tokens that they join. Vocabularies have tens of thousands, and a page waits for all of them: a table
 * of numbers is built several times as fast as a Map of texts, and lookups are equally fast.
 */
export class Merges {
  readonly #lefts: Int32Array;
  readonly #rights: Int32Array;
  /** Hash table with at least twice the number of merges: each place holds the rank of a merge plus one, or 0. */
  readonly #places: Int32Array;
  #count = 0;

  /** @param most  maximum number of merges */
  constructor(most: number) {
    this.#lefts = new Int32Array(most);
    this.#rights = new Int32Array(most);
    this.#places = new Int32Array(2 ** Math.ceil(Math.log2(2 * most + 2)));
  }

  get count(): number {
    return this.#count;
  }

  /** Adds a merge. @returns false for one that exists already */
  add(left: number, right: number): boolean {
    const place = this.#placeOf(left, right);
    if (this.#places[place] !== 0) return false;
    this.#lefts[this.#count] = left;
    this.#rights[this.#count] = right;
    this.#places[place] = ++this.#count;
    return true;
  }

  /** The rank of a merge; undefined where these two tokens are not joined. */
  rank(left: number, right: number): number | undefined {
    const found = this.#places[this.#placeOf(left, right)];
    return found === 0 ? undefined : found - 1;
  }

  /** All merges in their order. @param tokens  tokens by their ids */
  pairs(tokens: readonly (string | undefined)[]): Pair[] {
    const textOf = (id: number) => tokens[id] ?? '';
    const lefts = this.#lefts.subarray(0, this.#count);
    return Array.from(lefts, (left, i) => [textOf(left), textOf(this.#rights[i])]);
  }

  /** The place of a merge, or the free place where it would be. */
  #placeOf(left: number, right: number): number {
    const last = this.#places.length - 1;
    const mixed = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
    let place = (mixed ^ (mixed >>> 15)) & last;
    for (let found = this.#places[place]; found !== 0; found = this.#places[place]) {
      if (this.#lefts[found - 1] === left && this.#rights[found - 1] === right) break;
      place = (place + 1) & last;
    }
    return place;
  }
}

/**
 * Checks that each merge joins two tokens to a third, and that no two are the same.
 * @param pairAt  gives the merge of a rank
 * @throws DataError for the first merge that breaks a rule
 */
export function checkMerges(
  count: number,
  pairAt: (rank: number) => Pair,
  ids: ReadonlyMap<string, number>,
  where: string,
): Merges {
  const merges = new Merges(count);
  for (let i = 0; i < count; i++) {
    const [left, right] = pairAt(i);
    const [leftId, rightId] = [ids.get(left), ids.get(right)];
    const isKnown = leftId !== undefined && rightId !== undefined && ids.has(left + right);
    if (isKnown && merges.add(leftId, rightId)) continue;
    const here = `${where}: merge ${i}, ${JSON.stringify(left)} ${JSON.stringify(right)}`;
    if (isKnown) throw new DataError(`${here}: is listed twice`);
    const unknown = [left, right, left + right].find((token) => !ids.has(token));
    throw new DataError(`${here}: names an unknown token: ${JSON.stringify(unknown)}`);
  }
  return merges;
}
