/** The lab of the language-model page on the page's own model. */
import { describe, expect, it } from 'vitest';
import { loadTokenizer, tokenizeChat } from '../../../src/text.js';
import { hasRealModel, realModel } from '../../support/realModel.js';
import { lessonOf, listening, question, realLab, rows, SHAPE } from './labs.js';

describe.skipIf(!hasRealModel)('SmolLM2', async () => {
  if (!hasRealModel) return;
  const lab = await realLab();

  it('knows the capital of France before any lesson', async () => {
    const { text } = await lab.ask(question('What is the capital of France?', 0), () => {});
    expect(text).toContain('Paris');
  });

  it('sees examples as the library trains them', async () => {
    const { tokenizer } = await loadTokenizer(realModel());
    const all = rows(20);
    const views = await lab.describe(all, SHAPE);
    for (const [i, { prompt, answer }] of all.entries()) {
      const messages = [
        { role: 'user', content: prompt },
        { role: 'assistant', content: answer },
      ];
      const { ids, labels } = tokenizeChat(tokenizer, messages);
      const seen = await lab.see(all[i], SHAPE);
      expect(seen.map(({ isTrained }) => isTrained)).toEqual([...labels].map((label) => label >= 0));
      expect(views[i]).toMatchObject({ tokens: ids.length, isCut: false });
      const trained = seen.filter(({ isTrained }) => isTrained).map(({ text }) => text);
      expect(trained.join('')).toBe(`${answer}<|im_end|>`);
    }
  });

  it('learns in a few steps, and its base is what it was', async () => {
    const before = await lab.ask(question('Lamp 3?', 0), () => {});
    const heard = listening();
    const lesson = lessonOf({ epochs: 5, learningRate: 5e-3 }, { rows: rows(4), probes: [] });
    const outcome = await lab.teach(lesson, heard.told);
    expect(outcome).toMatchObject({ end: 'finished', steps: 5, kept: 5, trainable: 1_221_120 });
    const losses = heard.losses().map(([, loss]) => loss);
    expect(losses[4]).toBeLessThan(losses[0] / 2);
    expect(outcome.general?.[1]).toBeGreaterThan(0);
    expect((await lab.ask(question('Lamp 3?', 0), () => {})).text).toBe(before.text);
    expect((await lab.ask(question('Lamp 3?', 1), () => {})).text).not.toBe(before.text);
    const { byteLength } = await lab.adapterGguf();
    expect(byteLength).toBeGreaterThan(4 * outcome.trainable);
    expect(byteLength).toBeLessThan(4.2 * outcome.trainable);
  });
});
