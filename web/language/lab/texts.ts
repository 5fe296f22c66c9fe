/** What models have read of conversations: a second turn reads only what is new in it. */
import { type LlamaForCausalLM, TextCache } from 'lowrank/text';

/** Tokens of a text that is kept: 47 MB of SmolLM2's keys and values. */
const MOST_TOKENS = 1024;

interface Text {
  readonly cache: TextCache;
  strength: number;
}

/** One text for each model, while nothing of the model changes. */
export class Texts {
  readonly #kept = new Map<LlamaForCausalLM, Text>();

  /** @param strength  of the model's adapter: what was read with another is of no use */
  of(model: LlamaForCausalLM, strength: number): TextCache {
    const text = this.#kept.get(model) ?? { cache: new TextCache(model), strength };
    if (text.strength !== strength) text.cache.clear();
    text.strength = strength;
    this.#kept.set(model, text);
    return text.cache;
  }

  /** To be called when an answer is there: a long text is not kept. */
  trim(model: LlamaForCausalLM): void {
    const length = this.#kept.get(model)?.cache.length ?? 0;
    if (length > MOST_TOKENS) this.forget(model);
  }

  /** Frees what is kept of a model, or of all; only while none of them answers. */
  forget(model?: LlamaForCausalLM): void {
    for (const [each, { cache }] of this.#kept) {
      if (model && each !== model) continue;
      cache.dispose();
      this.#kept.delete(each);
    }
  }
}
