/** Reads single tokens: the kernel calls are the same for each, so they are recorded once and repeated. */
import type { Backend, Program } from '../backends/backend.js';
import { causalRanges, type RequestedRows } from '../models/tokenContext.js';
import { type Tensor, tensor } from '../tensor.js';

/** Inputs of a model for some tokens, in device memory. */
export interface TokenRows {
  /** Token ids, then padding, i32 [rows]. */
  readonly ids: Tensor;
  /** Positions, i32 [rows]. */
  readonly positions: Tensor;
  /** Visible ranges, i32 [rows, 4]. */
  readonly ranges: Tensor;
  /** Rows of the cache for the tokens, i32 [tokens]. */
  readonly places: Tensor;
  /** The last token, whose hidden state predicts the next one; undefined where it is the only row. */
  readonly last: RequestedRows | undefined;
}

/** Creates the inputs. @param rows  at least the number of `ids`: the others are padding */
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

/** A recorded step. Memory that its calls read besides the rows must not move while it is in use. */
export class TokenStep {
  readonly #rows: TokenRows;
  readonly #window: number | undefined;
  readonly #compute: (rows: TokenRows) => Tensor;
  #program: Program | undefined;
  #logits: Tensor | undefined;

  /**
   * @param compute  computes the logits of the next token
   * @param window   number of tokens that each token sees
   */
  constructor(device: Backend, compute: (rows: TokenRows) => Tensor, window: number | undefined) {
    this.#rows = tokenRows(device, [0], 0, { rows: 1, window });
    this.#window = window;
    this.#compute = compute;
  }

  /** Reads the token of a position. @returns logits of the next token, valid until the next call */
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
    // If the first step could not be recorded, the others cannot be either.
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
