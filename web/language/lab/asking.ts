/** Questions to the model, and its answers as they are written. */
import type { LoraAdapter } from 'lowrank';
import {
  type ChatMessage,
  type GenerateOptions,
  generate,
  type LlamaForCausalLM,
  type TextCache,
  type Tokenizer,
} from 'lowrank/text';
import type { Answer, Question } from '../api.js';
import { Stop } from './stop.js';

export interface Asked {
  readonly model: LlamaForCausalLM;
  readonly tokenizer: Tokenizer;
  /** What the model has read before; undefined for a model in training. */
  readonly cache?: TextCache | undefined;
}

const ENDS = { stop: 'end', length: 'length', abort: 'stopped' } as const;

/** @throws DataError, RangeError for a conversation that the model cannot take */
export async function answer(
  { model, tokenizer, cache }: Asked,
  { messages, system, maxTokens, temperature, seed }: Question,
  { told, signal }: { readonly told: (text: string) => void; readonly signal: AbortSignal },
): Promise<Answer> {
  const begun = performance.now();
  const sampling: GenerateOptions = temperature > 0 ? { temperature, seed } : {};
  const prompt = promptOf(tokenizer, messages, system);
  const reading = { maxTokens, signal, ...(cache ? { cache } : {}) };
  const generation = generate(model, tokenizer, prompt, { ...sampling, ...reading });
  let text = '';
  for await (const piece of generation) {
    text += piece;
    told(text);
  }
  const { tokens, stoppedBy } = await generation.result();
  return { text, tokens, seconds: (performance.now() - begun) / 1000, end: ENDS[stoppedBy] };
}

/** The prompt for a conversation; a model without a chat template continues the last message. */
export function promptOf(
  { chatTemplate }: Tokenizer,
  messages: readonly ChatMessage[],
  system: string | undefined,
): string | readonly ChatMessage[] {
  if (chatTemplate === undefined) return messages[messages.length - 1].content;
  return system ? [{ role: 'system', content: system }, ...messages] : messages;
}

/** Sets the strength of an adapter; only while nobody reads its model. */
export function setStrength(adapter: LoraAdapter, strength: number): void {
  // `setAdapterScale` would refuse it while the base, which has the same weights, answers beside it.
  for (const factors of adapter.factors.values()) factors.factor = strength;
}

/** A queue of answers: one at a time for each model, and none while a model changes. */
export class Asking {
  readonly #running = new Set<Promise<unknown>>();
  readonly #stops = new Set<Stop>();
  readonly #last = new Map<object, Promise<unknown>>();
  #change: Promise<unknown> = Promise.resolve();

  /**
   * @param of        the model that is asked: its answers wait for each other
   * @param isRaised  whether the page asks answers to stop
   */
  async run<T>(
    of: object,
    ask: (signal: AbortSignal) => Promise<T>,
    isRaised: () => boolean = () => false,
  ): Promise<T> {
    const stop = new Stop(isRaised);
    this.#stops.add(stop);
    const before = Promise.all([this.#change, this.#last.get(of)]);
    const running = before.then(() => ask(stop.signal));
    const done = running
      .catch(() => {})
      .finally(() => {
        this.#stops.delete(stop);
        this.#running.delete(done);
        if (this.#last.get(of) === done) this.#last.delete(of);
      });
    this.#running.add(done);
    this.#last.set(of, done);
    return running;
  }

  stop(): void {
    for (const stop of this.#stops) stop.now();
  }

  /** Runs a change once the current answers are finished; later questions wait for it. */
  async alone<T>(change: () => T | Promise<T>): Promise<T> {
    const changed = Promise.all([this.#change, ...this.#running]).then(change);
    this.#change = changed.catch(() => {});
    return changed;
  }
}
