/** The lab of the language-model page on a small model. */
import { describe, expect, it } from 'vitest';
import { lessonOf, listening, question, smallLab } from './labs.js';

describe('a lesson', () => {
  it('teaches, answers, and gives files', async () => {
    const lab = await smallLab();
    const heard = listening();
    const before = await lab.ask(question('Lamp 3?', 0), () => {});
    await expect(lab.ask(question('Lamp 3?', 1), () => {})).rejects.toThrow(/^There is no adapter yet/);
    const outcome = await lab.teach(lessonOf({ epochs: 6 }), heard.told);
    expect(outcome).toMatchObject({ end: 'finished', steps: 18, of: 18, kept: 18 });
    const losses = heard.losses();
    expect(losses.map(([step]) => step)).toEqual(Array.from({ length: 18 }, (_, i) => i + 1));
    expect(losses[17][1]).toBeLessThan(losses[0][1]);
    expect(heard.probes().map(({ step }) => step)).toEqual([0, 18]);
    const pieces: string[] = [];
    const after = await lab.ask(question('Lamp 3?', 1), (text) => pieces.push(text));
    expect(after.text).not.toBe(before.text);
    expect(pieces.at(-1)).toBe(after.text);
    expect((await lab.ask(question('Lamp 3?', 0), () => {})).text).toBe(before.text);
    const files = await lab.adapterFiles();
    expect([...files.keys()].sort()).toEqual([
      'README.md',
      'adapter_config.json',
      'adapter_model.safetensors',
      'lowrank.json',
    ]);
  });
});
