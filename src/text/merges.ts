/** Which tokens a byte-pair encoding joins, and in which order. */
import { DataError } from '../base/errors.js';

export type Pair = readonly [left: string, right: string];

/**
 * Merges by the ids of what they join. Vocabularies have tens of thousands, of which a page waits for every one: numbers in a
 * table are made several times as fast as texts in a Map, and found as fast.
 */
export class Merges {
  readonly #lefts: Int32Array;
  readonly #rights: Int32Array;
  /** At least twice as many places as merges: one more than the rank of the merge that is there, or 0. */
  readonly #places: Int32Array;
  #count = 0;

  /** @param most  that are added */
  constructor(most: number) {
    this.#lefts = new Int32Array(most);
    this.#rights = new Int32Array(most);
    this.#places = new Int32Array(2 ** Math.ceil(Math.log2(2 * most + 2)));
  }

  get count(): number {
    return this.#count;
  }

  /** False for one that is there. */
  add(left: number, right: number): boolean {
    const place = this.#placeOf(left, right);
    if (this.#places[place] !== 0) return false;
    this.#lefts[this.#count] = left;
    this.#rights[this.#count] = right;
    this.#places[place] = ++this.#count;
    return true;
  }

  /** Its place in the order; undefined where these two are not joined. */
  rank(left: number, right: number): number | undefined {
    const found = this.#places[this.#placeOf(left, right)];
    return found === 0 ? undefined : found - 1;
  }

  /** In their order. @param tokens  by their ids */
  pairs(tokens: readonly (string | undefined)[]): Pair[] {
    const textOf = (id: number) => tokens[id] ?? '';
    const lefts = this.#lefts.subarray(0, this.#count);
    return Array.from(lefts, (left, i) => [textOf(left), textOf(this.#rights[i])]);
  }

  /** The place of a merge, or the free one where it would be. */
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
 * Each merge joins two tokens to a third, and no two are the same.
 * @param pairAt  the merge of a rank
 * @throws DataError
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
