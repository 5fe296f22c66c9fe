/** A prompt and the text after it by lowrank, in Node and in a browser. */
import { type GenerationResult, generate } from '../../src/generate/generate.js';
import { TextCache } from '../../src/generate/textCache.js';
import type { LlamaForCausalLM } from '../../src/models/llama.js';
import type { Tokenizer } from '../../src/text/tokenizer.js';
import type { Sample, Samples } from './contender.js';
import { randomIds } from './training.js';

export interface CheckPrompt {
  readonly ids: readonly number[];
  /** The prompt with special tokens as text. */
  readonly text: string;
}

export interface TextWork {
  readonly promptTokens: number;
  readonly tokens: number;
  /** Prompts whose greedy continuations are compared. */
  readonly checkPrompts: readonly CheckPrompt[];
  readonly checkTokens: number;
}

export interface TextModel {
  readonly model: LlamaForCausalLM;
  readonly tokenizer: Tokenizer;
}

/** Runs work and measures its time. */
export type Timed = (work: number, run: () => Promise<unknown>) => Promise<Sample>;

/** The greedy continuations. */
export async function continuations(
  { model, tokenizer }: TextModel,
  { checkPrompts, checkTokens }: TextWork,
): Promise<GenerationResult[]> {
  const results: GenerationResult[] = [];
  for (const { ids } of checkPrompts) {
    const options = { maxTokens: checkTokens, ignoreEos: true };
    results.push(await generate(model, tokenizer, Int32Array.from(ids), options).result());
  }
  return results;
}

/** Times text. `prompt`: all its tokens and the first that follows. `decode`: steps of one token each. */
export async function timeText(
  { model, tokenizer }: TextModel,
  { promptTokens, tokens }: TextWork,
  timed: Timed,
): Promise<Samples> {
  const cache = new TextCache(model);
  try {
    let ids = randomIds(promptTokens);
    const write = async (maxTokens: number) => {
      const text = generate(model, tokenizer, ids, { maxTokens, ignoreEos: true, cache });
      ids = Int32Array.of(...ids, ...(await text.result()).ids);
    };
    const prompt = await timed(promptTokens, () => write(1));
    return { prompt, decode: await timed(tokens, () => write(tokens)) };
  } finally {
    cache.dispose();
  }
}
