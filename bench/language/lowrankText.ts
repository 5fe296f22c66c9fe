/** A prompt and text behind it by lowrank in a process of its own: `lowrankText.ts REQUEST`, which is JSON; answers as serve.ts says. */
import { generate } from '../../src/generate/generate.js';
import { TextCache } from '../../src/generate/textCache.js';
import type { LlamaForCausalLM } from '../../src/models/llama.js';
import type { Tokenizer } from '../../src/text/tokenizer.js';
import type { Samples } from './contender.js';
import { type ModelRequest, openModel } from './lowrankModel.js';
import { serve, timed } from './serve.js';
import { randomIds } from './training.js';

export interface TextWork {
  readonly promptTokens: number;
  readonly tokens: number;
  /** Token ids of prompts whose greedy continuations are compared. */
  readonly checkPrompts: readonly (readonly number[])[];
  readonly checkTokens: number;
}

interface TextRequest extends ModelRequest {
  readonly work: TextWork;
}

const request: TextRequest = JSON.parse(process.argv[2]);

await serve(async () => {
  const { model, tokenizer, how } = await openModel(request);
  const { work } = request;
  return {
    how,
    async check() {
      const options = { maxTokens: work.checkTokens, ignoreEos: true };
      const answers: number[] = [];
      for (const prompt of work.checkPrompts)
        answers.push(...(await generate(model, tokenizer, Int32Array.from(prompt), options).result()).ids);
      await timeText(model, tokenizer, { ...work, tokens: 4 });
      return answers;
    },
    time: () => timeText(model, tokenizer, work),
  };
});

/** `prompt`: all its tokens and the first that follows. `decode`: readings of one token each. */
async function timeText(
  model: LlamaForCausalLM,
  tokenizer: Tokenizer,
  { promptTokens, tokens }: TextWork,
): Promise<Samples> {
  const cache = new TextCache(model);
  try {
    let ids = randomIds(promptTokens);
    const write = async (maxTokens: number) => {
      const text = generate(model, tokenizer, ids, { maxTokens, ignoreEos: true, cache });
      ids = Int32Array.of(...ids, ...(await text.result()).ids);
    };
    return {
      prompt: await timed(promptTokens, () => write(1)),
      decode: await timed(tokens, () => write(tokens)),
    };
  } finally {
    cache.dispose();
  }
}
