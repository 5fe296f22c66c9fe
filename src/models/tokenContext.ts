/** What a model has to know of a row of tokens beside the tokens: where each stands, and which others it sees. */
import type { Backend } from '../backends/backend.js';
import { type Tensor, tensor } from '../tensor.js';
import type { KeyValueCache } from './keyValueCache.js';

export interface TokenContext {
  /** i32 [tokens], from 0 on. */
  readonly positions: Tensor;
  /** All positions are below it. */
  readonly length: number;
  /** i32 [tokens, 4]: a token sees the keys from ≤ j < to and prefixFrom ≤ j < prefixTo. */
  readonly ranges: Tensor;
  /** Has the keys that ranges count, and takes those of these tokens; without it they are those of these tokens alone. */
  readonly cached?: CachedRows | undefined;
  /** The rows whose hidden states are asked for: of others the last block makes only keys and values. Default all. */
  readonly wanted?: WantedRows | undefined;
}

/** Some rows of a row of tokens, in any order; one may stand several times. */
export interface WantedRows {
  /** i32 [wanted]: their numbers. */
  readonly rows: Tensor;
  /** i32 [wanted]: their positions. */
  readonly positions: Tensor;
  /** i32 [wanted, 4]: their ranges. */
  readonly ranges: Tensor;
}

/** A cache, and where in it the keys and values of tokens go. */
export interface CachedRows {
  readonly cache: KeyValueCache;
  /** i32, a number for each token that is no padding: a row of the cache that has nothing yet. */
  readonly rows: Tensor;
}

/** A sequence from its beginning, in which each token sees itself and those before it, or the last `window` of them. */
export function causalContext(device: Backend, tokens: number, window?: number): TokenContext {
  const positions = Int32Array.from({ length: tokens }, (_, i) => i);
  return {
    positions: tensor(device, positions, [tokens], 'i32'),
    length: tokens,
    ranges: tensor(device, causalRanges(0, tokens, tokens, window), [tokens, 4], 'i32'),
  };
}

/**
 * Ranges of `tokens` tokens from position `start` on, among `rows` rows: those beyond them see nothing.
 * @param window  how many tokens each sees, itself among them
 */
export function causalRanges(start: number, tokens: number, rows: number, window = Infinity): Int32Array {
  const ranges = new Int32Array(4 * rows);
  for (let i = 0; i < tokens; i++) {
    const to = start + i + 1;
    ranges[4 * i] = Math.max(0, to - window);
    ranges[4 * i + 1] = to;
  }
  return ranges;
}
