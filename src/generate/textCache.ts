/** The text that a model has read, kept from one call to the next: a chat reads each of its turns once. */
import { adapterState } from '../lora/adaptation.js';
import { KeyValueCache } from '../models/keyValueCache.js';
import type { LlamaForCausalLM } from '../models/llama.js';
import { modelParts } from '../nn/module.js';
import { changesOf } from '../nn/use.js';

/** Minimum growth of the capacity, in tokens. */
const STEP = 256;

/**
 * Keys and values of a text's tokens. Where the next text begins in the same way, that part is not computed again. A text
 * that is read with other adapters, or after adapters were loaded, scaled or trained by `fit`, starts with an empty cache; after
 * you write weights yourself, call `clear()`. To switch between two states of adapters, use one cache for each.
 */
export class TextCache {
  readonly #model: LlamaForCausalLM;
  #cache: KeyValueCache | undefined;
  #tokens: number[] = [];
  #changes = 0;
  /** State of the adapters with which the text was read. */
  #state = '';
  #isInUse = false;

  constructor(model: LlamaForCausalLM) {
    this.#model = model;
  }

  /** Number of tokens in the cache. */
  get length(): number {
    return this.#tokens.length;
  }

  clear(): void {
    this.#tokens = [];
    this.#cache?.truncate(0);
  }

  dispose(): void {
    this.#tokens = [];
    this.#cache?.dispose();
    this.#cache = undefined;
  }

  /** @internal Reserves the cache until the returned function is called. @throws Error where it is in use */
  use(): () => void {
    if (this.#isInUse)
      throw new Error('generate: the cache is in use: another text is being generated with it');
    this.#isInUse = true;
    return () => {
      this.#isInUse = false;
    };
  }

  /** @internal Checks the model. @throws TypeError for the cache of another model */
  checkModel(model: LlamaForCausalLM): void {
    if (model !== this.#model) throw new TypeError('generate: the cache belongs to another model');
  }

  /**
   * @internal Keeps the cached beginning of `ids`, at most all but the last token, and makes room for `capacity` tokens.
   * @returns the cache, whose length is the number of tokens that need not be read
   */
  prepare(ids: ArrayLike<number>, capacity: number): KeyValueCache {
    const changes = changesOf(modelParts(this.#model));
    const { device } = this.#model;
    const state = adapterState(this.#model);
    const isStale = changes !== this.#changes || state !== this.#state || this.#cache?.device !== device;
    if (isStale) this.clear();
    this.#changes = changes;
    this.#state = state;
    let same = 0;
    while (same < Math.min(this.#tokens.length, ids.length - 1) && this.#tokens[same] === ids[same]) same++;
    this.#tokens.length = same;
    this.#cache?.truncate(same);
    if (!this.#cache || this.#cache.device !== device || this.#cache.capacity < capacity) {
      const whole = new KeyValueCache(device, this.#model.cacheSizes, STEP * Math.ceil(capacity / STEP));
      if (this.#cache && same > 0) whole.copyFrom(this.#cache);
      this.#cache?.dispose();
      this.#cache = whole;
    }
    return this.#cache;
  }

  /** @internal Counts tokens whose keys and values have been stored. */
  add(ids: ArrayLike<number>): void {
    for (let i = 0; i < ids.length; i++) this.#tokens.push(ids[i]);
    this.#cache?.advance(ids.length);
  }
}
