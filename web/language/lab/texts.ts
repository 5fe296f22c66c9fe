/** Caches of the conversations that models have read: a second turn reads only what is new. */
import { type LlamaForCausalLM, TextCache } from 'lowrank/text';

/** Most tokens of a kept text: 47 MB of SmolLM2's keys and values. */
const MOST_TOKENS = 1024;

interface Text {
  readonly cache: TextCache;
  strength: number;
}

/** One text for each model, valid while the model does not change. */
export class Texts {
  readonly #kept = new Map<LlamaForCausalLM, Text>();

  /** @param strength  strength of the adapter: text that was read with another strength is of no use */
  of(model: LlamaForCausalLM, strength: number): TextCache {
    const text = this.#kept.get(model) ?? { cache: new TextCache(model), strength };
    if (text.strength !== strength) text.cache.clear();
    text.strength = strength;
    this.#kept.set(model, text);
    return text.cache;
  }

  /** Forgets a long text; to be called after each answer. */
  trim(model: LlamaForCausalLM): void {
    const length = this.#kept.get(model)?.cache.length ?? 0;
    if (length > MOST_TOKENS) this.forget(model);
  }

  /** Frees the text of a model, or of all models; only while none of them answers. */
  forget(model?: LlamaForCausalLM): void {
    for (const [each, { cache }] of this.#kept) {
      if (model && each !== model) continue;
      cache.dispose();
      this.#kept.delete(each);
    }
  }
}
