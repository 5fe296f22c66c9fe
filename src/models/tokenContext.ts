/** Context of a row of tokens for a model: the position of each, and the tokens that it sees. */
import type { Backend } from '../backends/backend.js';
import { type Tensor, tensor } from '../tensor.js';
import type { KeyValueCache } from './keyValueCache.js';

export interface TokenContext {
  /** Positions, i32 [tokens], starting at 0. */
  readonly positions: Tensor;
  /** Upper bound of all positions. */
  readonly length: number;
  /** Visible ranges, i32 [tokens, 4]: a token sees the keys from ≤ j < to and prefixFrom ≤ j < prefixTo. */
  readonly ranges: Tensor;
  /** Cache with the keys that ranges refer to, which also stores those of these tokens; without it, only these tokens have keys. */
  readonly cached?: CachedRows | undefined;
  /** The rows whose hidden states are requested: for others the last block computes only keys and values. Default all. */
  readonly requested?: RequestedRows | undefined;
}

/** Selected tokens of a row, in any order, possibly repeated. */
export interface RequestedRows {
  /** Indices of the tokens, i32 [requested]. */
  readonly rows: Tensor;
  /** Positions of the tokens, i32 [requested]. */
  readonly positions: Tensor;
  /** Visible ranges of the tokens, i32 [requested, 4]. */
  readonly ranges: Tensor;
}

/** A cache, and the rows in it for the keys and values of tokens. */
export interface CachedRows {
  readonly cache: KeyValueCache;
  /** Unused row of the cache for each token that is not padding, i32. */
  readonly rows: Tensor;
}

/** Context of a sequence from its beginning, in which each token sees itself and those before it, or the last `window` of them. */
export function causalContext(device: Backend, tokens: number, window?: number): TokenContext {
  const positions = Int32Array.from({ length: tokens }, (_, i) => i);
  return {
    positions: tensor(device, positions, [tokens], 'i32'),
    length: tokens,
    ranges: tensor(device, causalRanges(0, tokens, tokens, window), [tokens, 4], 'i32'),
  };
}

/**
 * Ranges of `tokens` tokens that begin at position `start`, padded to `rows` rows: padding sees nothing.
 * @param window  number of tokens that each token sees, including itself
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
