/** Reads tokens with a model into a cache, and computes the logits of the next token. */
import { noGrad } from '../autograd/record.js';
import type { HostArray } from '../backends/backend.js';
import { unlessStopped } from '../backends/stoppable.js';
import type { KeyValueCache } from '../models/keyValueCache.js';
import type { LlamaForCausalLM } from '../models/llama.js';
import { evaluationModes, type Modes, withModes } from '../nn/mode.js';
import type { Tensor } from '../tensor.js';
import { eventLoopTurns } from '../train/eventLoop.js';
import type { TextCache } from './textCache.js';
import { freeRows, type TokenRows, TokenStep, tokenRows } from './tokenStep.js';

/** Number of tokens read at a time: more take more memory, and are hardly faster. */
const CHUNK = 256;
/** Up to this number of tokens, rows are rounded up to 4, above to 32: few sizes occur, so that memory is reused. */
const FEW = 32;

/** A reader for a model, which must not change while the reader is in use. */
export class TokenReader {
  readonly #model: LlamaForCausalLM;
  readonly #text: TextCache;
  readonly #cache: KeyValueCache;
  readonly #modes: Modes;
  /** Turns of the event loop, so that a page can draw and a signal can arrive. */
  readonly #turn = eventLoopTurns();
  /** The logits after a chunk of several tokens. */
  #logits: Tensor | undefined;
  #step: TokenStep | undefined;
  /** Tables of rotary angles that the recorded step reads. */
  #tables: object | undefined;
  #values: HostArray | undefined;

  constructor(model: LlamaForCausalLM, text: TextCache, cache: KeyValueCache) {
    this.#model = model;
    this.#text = text;
    this.#cache = cache;
    this.#modes = evaluationModes(model);
  }

  /**
   * Reads tokens after those in the cache.
   * @returns logits of the next token, [vocabularySize], valid until the next read; undefined where `signal` stops it
   */
  async read(ids: Int32Array, signal?: AbortSignal): Promise<HostArray | undefined> {
    let logits: Tensor | undefined;
    for (let from = 0; from < ids.length && !signal?.aborted; from += CHUNK) {
      logits = this.#chunk(ids.subarray(from, from + CHUNK), from + CHUNK >= ids.length, signal);
      await this.#turn();
    }
    if (!logits || signal?.aborted) return undefined;
    this.#values = await logits.device.read(logits.storage, this.#values);
    return this.#values;
  }

  /** Frees everything that it holds except the cache. */
  dispose(): void {
    this.#logits?.dispose();
    this.#step?.dispose();
  }

  /** Reads a chunk. @param isLast  whether the logits of the next token are required */
  #chunk(ids: Int32Array, isLast: boolean, signal: AbortSignal | undefined): Tensor | undefined {
    let logits: Tensor | undefined;
    try {
      const isRead = unlessStopped(this.#model.device, signal, () => {
        logits = ids.length === 1 ? this.#token(ids[0]) : this.#several(ids, isLast);
      });
      // Rows beyond the counted ones are unused.
      if (isRead) this.#text.add(ids);
      return logits;
    } catch (error) {
      // Some layers may have rows that others lack.
      this.#text.dispose();
      throw error;
    }
  }

  #several(ids: Int32Array, isLast: boolean): Tensor | undefined {
    const { device, config } = this.#model;
    const sizes = { rows: paddedRows(ids.length), window: config.slidingWindow };
    const rows = tokenRows(device, ids, this.#cache.length, sizes);
    this.#logits?.dispose();
    this.#logits = undefined;
    try {
      if (isLast) this.#logits = this.#compute(rows);
      else this.#hiddenStates(rows).dispose();
      return this.#logits;
    } finally {
      freeRows(rows);
    }
  }

  #token(id: number): Tensor {
    const { device, config, model } = this.#model;
    // A longer text elsewhere may have replaced the tables.
    const tables = model.rotary.upTo(device, this.#cache.capacity);
    if (tables !== this.#tables) this.#step?.dispose();
    if (tables !== this.#tables || !this.#step)
      this.#step = new TokenStep(device, (rows) => this.#compute(rows), config.slidingWindow);
    this.#tables = tables;
    return this.#step.run(id, this.#cache.length);
  }

  /** Logits of the next token, [1, vocabularySize]. */
  #compute(rows: TokenRows): Tensor {
    const head = () => this.#model.lm_head.forward(this.#hiddenStates(rows));
    return noGrad(() => withModes(this.#modes, head));
  }

  /** The hidden state of the last token. */
  #hiddenStates({ ids, positions, ranges, places, last: requested }: TokenRows): Tensor {
    const cached = { cache: this.#cache, rows: places };
    const context = { positions, length: this.#cache.capacity, ranges, cached, requested };
    return noGrad(() => withModes(this.#modes, () => this.#model.hiddenStates(ids, context)));
  }
}

function paddedRows(tokens: number): number {
  const step = tokens <= FEW ? 4 : FEW;
  return step * Math.ceil(tokens / step);
}
