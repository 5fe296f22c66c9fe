/** SmolLM2-135M-Instruct against transformers in f32 on the same file. */
import { afterAll, describe, expect, it } from 'vitest';
import { noGrad } from '../../src/autograd/record.js';
import { generate } from '../../src/generate/generate.js';
import { loadLanguageModel } from '../../src/models/load.js';
import { tensor } from '../../src/tensor.js';
import { wasm } from '../support/devices.js';
import { hasRealModel, realModel } from '../support/realModel.js';
import { difference, smollm2 } from './fixtures.js';

describe.skipIf(!hasRealModel)('SmolLM2', async () => {
  if (!hasRealModel) return;
  const device = await wasm('simd', 2);
  const { model, tokenizer, notes } = await loadLanguageModel(device, realModel());
  const { prompts, chat, logits, picked } = smollm2();
  afterAll(() => device.dispose());

  it('has no notes', () => {
    expect(notes).toEqual([]);
  });

  it.each(prompts.map((row, i) => [row.prompt.slice(0, 30), row, logits[i]] as const))(
    '%s: ids, logits and the best token at each position',
    async (_, { prompt, ids, largest, best }, wanted) => {
      expect([...tokenizer.encode(prompt)]).toEqual(ids);
      const all = await noGrad(() => model.forward(tensor(device, ids, [ids.length], 'i32'))).read();
      const width = model.config.vocabularySize;
      const some = ids.flatMap((_, row) => Array.from(picked, (id) => all[row * width + id]));
      const most = Math.max(...wanted.map(Math.abs));
      expect((difference(some, wanted) * most) / largest).toBeLessThan(1e-4);
      const found = ids.map((_, row) => indexOfLargest(all.subarray(row * width, (row + 1) * width)));
      expect(found).toEqual(best);
    },
  );

  it.each(prompts.map((row) => [row.prompt.slice(0, 30), row] as const))(
    '%s: 24 tokens, each the most likely',
    async (_, { ids, greedy }) => {
      const options = { maxTokens: 24, ignoreEos: true };
      const result = await generate(model, tokenizer, Int32Array.from(ids), options).result();
      expect([...result.ids]).toEqual(greedy.slice(0, 24));
    },
  );

  it('answers in a chat as transformers does', async () => {
    const answer = generate(model, tokenizer, chat.messages, { maxTokens: 64 });
    const pieces: string[] = [];
    for await (const piece of answer) pieces.push(piece);
    const result = await answer.result();
    expect(pieces.join('')).toBe(result.text);
    expect(result.text).toBe(chat.text);
    expect(result.promptTokens).toBe(chat.ids.length);
  });
});

function indexOfLargest(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}
