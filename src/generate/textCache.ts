/** What a model has read of a text, kept from one call to the next: a chat reads each of its turns once. */
import { adapterState } from '../lora/adaptation.js';
import { KeyValueCache } from '../models/keyValueCache.js';
import type { LlamaForCausalLM } from '../models/llama.js';
import { modelParts } from '../nn/module.js';
import { changesOf } from '../nn/use.js';

/** Tokens by which the room grows at least. */
const STEP = 256;

/**
 * Keys and values of a text's tokens. Where the next text begins in the same way, that part is not computed again. A text
 * that is read with other adapters, or after adapters were loaded, scaled or trained by `fit`, begins with an empty one; after
 * you write weights yourself, call `clear()`. It may wait while others are active: a cache for each of two states serves both.
 */
export class TextCache {
  readonly #model: LlamaForCausalLM;
  #cache: KeyValueCache | undefined;
  #tokens: number[] = [];
  #changes = 0;
  /** Of the adapters that it was read with. */
  #state = '';
  #isInUse = false;

  constructor(model: LlamaForCausalLM) {
    this.#model = model;
  }

  /** Tokens that are in it. */
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

  /** @internal Keeps others from going on with it until the function that it gives is called. @throws Error where one does */
  use(): () => void {
    if (this.#isInUse)
      throw new Error('generate: the cache is in use: another text is being generated with it');
    this.#isInUse = true;
    return () => {
      this.#isInUse = false;
    };
  }

  /** @internal @throws TypeError for the cache of another model */
  checkModel(model: LlamaForCausalLM): void {
    if (model !== this.#model) throw new TypeError('generate: the cache belongs to another model');
  }

  /**
   * @internal Keeps what it has of the beginning of `ids`, all but the last of them at most, and makes room for `capacity` tokens.
   * @returns the cache, whose length says how many tokens need not be read
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

  /** @internal Counts tokens whose keys and values are there now. */
  add(ids: ArrayLike<number>): void {
    for (let i = 0; i < ids.length; i++) this.#tokens.push(ids[i]);
    this.#cache?.advance(ids.length);
  }
}
