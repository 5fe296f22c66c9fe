/** A model that reads tokens into a cache, and says after the last of them which may come next. */
import { noGrad } from '../autograd/record.js';
import type { HostArray } from '../backends/backend.js';
import type { KeyValueCache } from '../models/keyValueCache.js';
import type { LlamaForCausalLM } from '../models/llama.js';
import { causalRanges } from '../models/tokenContext.js';
import { evaluationModes, type Modes, withModes } from '../nn/mode.js';
import { embedding } from '../ops/embedding.js';
import { type Tensor, tensor } from '../tensor.js';
import { eventLoopTurns } from '../train/eventLoop.js';
import type { TextCache } from './textCache.js';

/** Tokens that are read at a time: more take more memory, and are hardly faster. */
const CHUNK = 256;
/** Up to so many tokens, rows are rounded up to 4, beyond to 32: few sizes occur, so that memory is used again. */
const FEW = 32;

export class TokenReader {
  readonly #model: LlamaForCausalLM;
  readonly #text: TextCache;
  readonly #cache: KeyValueCache;
  readonly #modes: Modes;
  /** So that a page can draw, and a signal can come. */
  readonly #turn = eventLoopTurns();

  constructor(model: LlamaForCausalLM, text: TextCache, cache: KeyValueCache) {
    this.#model = model;
    this.#text = text;
    this.#cache = cache;
    this.#modes = evaluationModes(model);
  }

  /**
   * Reads tokens behind those that the cache has.
   * @returns logits of what follows the last, [vocabularySize]; undefined where `signal` says to stop
   */
  async read(ids: Int32Array, signal?: AbortSignal): Promise<HostArray | undefined> {
    let logits: Tensor | undefined;
    for (let from = 0; from < ids.length && !signal?.aborted; from += CHUNK) {
      logits?.dispose();
      logits = this.#chunk(ids.subarray(from, from + CHUNK));
      await this.#turn();
    }
    if (signal?.aborted) {
      logits?.dispose();
      return undefined;
    }
    const values = await logits?.read();
    logits?.dispose();
    return values;
  }

  #chunk(ids: Int32Array): Tensor {
    const { device, config } = this.#model;
    const start = this.#cache.length;
    const rows = paddedRows(ids.length);
    const padded = new Int32Array(rows);
    padded.set(ids);
    const places = Int32Array.from(padded, (_, i) => (i < ids.length ? start + i : 0));
    const ranges = causalRanges(start, ids.length, rows, config.slidingWindow);
    const made = [
      tensor(device, padded, [rows], 'i32'),
      tensor(device, places, [rows], 'i32'),
      tensor(device, ranges, [rows, 4], 'i32'),
      tensor(device, [ids.length - 1], [1], 'i32'),
    ];
    const [tokens, positions, sees, last] = made;
    const context = { positions, length: start + ids.length, ranges: sees, cache: this.#cache };
    try {
      const logits = noGrad(() =>
        withModes(this.#modes, () =>
          this.#model.lm_head.forward(embedding(last, this.#model.hiddenStates(tokens, context))),
        ),
      );
      this.#text.add(ids);
      return logits;
    } catch (error) {
      // Some layers may have rows that others lack.
      this.#text.dispose();
      throw error;
    } finally {
      for (const each of made) each.dispose();
    }
  }
}

function paddedRows(tokens: number): number {
  if (tokens === 1) return 1;
  const step = tokens <= FEW ? 4 : FEW;
  return step * Math.ceil(tokens / step);
}
