/** Asks the model a few questions while it is taught. */
import { generate, type LlamaForCausalLM, type Tokenizer } from 'lowrank/text';
import type { ProbeStop } from '../api.js';
import { promptOf } from './asking.js';

const MAX_TOKENS = 32;
/** Least milliseconds from one round to the next. */
const EVERY_MS = 10_000;
/** Largest share of the time between the first round and the last one. */
export const PROBE_SHARE = 0.15;

export interface Probed {
  readonly model: LlamaForCausalLM;
  readonly tokenizer: Tokenizer;
  readonly system: string | undefined;
  readonly prompts: readonly string[];
}

/** Asks now and then; the times do not affect what is learned. */
export class Probes {
  readonly #probed: Probed;
  #begun = 0;
  #lastEnd = 0;
  #roundMs = 0;
  #spentMs = 0;

  constructor(probed: Probed) {
    this.#probed = probed;
  }

  /** Whether there is time for another round, and for the last one, which is asked in any case. */
  get isDue(): boolean {
    const now = performance.now();
    if (this.#probed.prompts.length === 0 || now - this.#lastEnd < EVERY_MS) return false;
    const rounds = 2 * this.#roundMs;
    return this.#spentMs + rounds <= PROBE_SHARE * (now - this.#begun + rounds);
  }

  /** @returns undefined if it was ended before all questions were answered */
  async ask(step: number, signal: AbortSignal): Promise<ProbeStop | undefined> {
    const { prompts } = this.#probed;
    const begun = performance.now();
    const answers: string[] = [];
    for (const prompt of prompts) {
      if (signal.aborted) return undefined;
      answers.push(await this.#answer(prompt, signal));
      // Short answers do not yield to the event loop, where a stop could arrive.
      await new Promise((resolve) => setTimeout(resolve));
    }
    if (signal.aborted || prompts.length === 0) return undefined;
    const now = performance.now();
    this.#roundMs = now - begun;
    // The first round is before the steps.
    if (this.#begun === 0) this.#begun = now;
    else this.#spentMs += this.#roundMs;
    this.#lastEnd = now;
    return { step, answers };
  }

  async #answer(prompt: string, signal: AbortSignal): Promise<string> {
    const { model, tokenizer, system } = this.#probed;
    const asked = promptOf(tokenizer, [{ role: 'user', content: prompt }], system);
    return (await generate(model, tokenizer, asked, { maxTokens: MAX_TOKENS, signal }).result()).text;
  }
}
