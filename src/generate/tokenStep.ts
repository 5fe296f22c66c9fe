/** Reading of single tokens: the kernel calls of one are those of the next, so they are recorded once and repeated. */
import type { Backend, Program } from '../backends/backend.js';
import { causalRanges, type WantedRows } from '../models/tokenContext.js';
import { type Tensor, tensor } from '../tensor.js';

/** What a model reads of some tokens, in device memory. */
export interface TokenRows {
  /** i32 [rows]: the tokens, then padding. */
  readonly ids: Tensor;
  /** i32 [rows] */
  readonly positions: Tensor;
  /** i32 [rows, 4] */
  readonly ranges: Tensor;
  /** i32 [tokens]: the rows of the cache that they become. */
  readonly places: Tensor;
  /** The last token, which alone says what follows; undefined where there is no other. */
  readonly last: WantedRows | undefined;
}

/** @param rows  at least the number of `ids`: the others are padding */
export function tokenRows(
  device: Backend,
  ids: ArrayLike<number>,
  start: number,
  { rows, window }: { readonly rows: number; readonly window: number | undefined },
): TokenRows {
  const tokens = ids.length;
  const integers = (data: ArrayLike<number>, shape: readonly number[]) => tensor(device, data, shape, 'i32');
  const places = Int32Array.from({ length: tokens }, (_, i) => start + i);
  const ranges = causalRanges(start, tokens, rows, window);
  const lastRow = () => ({
    rows: integers([tokens - 1], [1]),
    positions: integers([start + tokens - 1], [1]),
    ranges: integers(ranges.subarray(4 * (tokens - 1), 4 * tokens), [1, 4]),
  });
  const padded = (values: ArrayLike<number>) => {
    const all = new Int32Array(rows);
    all.set(values);
    return integers(all, [rows]);
  };
  return {
    ids: padded(ids),
    positions: padded(places),
    ranges: integers(ranges, [rows, 4]),
    places: integers(places, [tokens]),
    last: rows > 1 ? lastRow() : undefined,
  };
}

export function freeRows({ ids, positions, ranges, places, last }: TokenRows): void {
  for (const each of [ids, positions, ranges, places]) each.dispose();
  if (last) for (const each of [last.rows, last.positions, last.ranges]) each.dispose();
}

/** Whatever the calls read beside the rows stays where it is for as long as this is used. */
export class TokenStep {
  readonly #rows: TokenRows;
  readonly #window: number | undefined;
  readonly #compute: (rows: TokenRows) => Tensor;
  #program: Program | undefined;
  #logits: Tensor | undefined;

  /**
   * @param compute  logits of what follows
   * @param window   how many tokens each sees
   */
  constructor(device: Backend, compute: (rows: TokenRows) => Tensor, window: number | undefined) {
    this.#rows = tokenRows(device, [0], 0, { rows: 1, window });
    this.#window = window;
    this.#compute = compute;
  }

  /** Reads the token of a position. @returns logits of what follows it, which stay until the next call */
  run(id: number, position: number): Tensor {
    const { ids, positions, ranges, places } = this.#rows;
    ids.write([id]);
    for (const each of [positions, places]) each.write([position]);
    ranges.write(causalRanges(position, 1, 1, this.#window));
    const { recorder } = ids.device;
    if (this.#logits && this.#program?.isRepeatable) {
      recorder?.run(this.#program);
      return this.#logits;
    }
    this.#logits?.dispose();
    // Where the first could not be recorded the others cannot either.
    const isFirst = this.#program === undefined;
    const compute = () => {
      this.#logits = this.#compute(this.#rows);
    };
    this.#program ??= recorder?.begin();
    if (recorder && this.#program && isFirst) recorder.record(this.#program, 'head', compute);
    else compute();
    if (!this.#logits) throw new Error('TokenStep: nothing was computed');
    return this.#logits;
  }

  dispose(): void {
    this.#logits?.dispose();
    this.#logits = undefined;
    this.#program?.dispose();
    freeRows(this.#rows);
  }
}
