/** The lines of a run, over kills and a second go. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { RunMetrics } from '../../../src/cli/language/runMetrics.js';

const root = mkdtempSync(join(tmpdir(), 'lowrank-metrics-'));
afterAll(() => rmSync(root, { recursive: true }));

const line = (step: number) => {
  return { step, loss: 1 / step, learningRate: 0.1, trainedTokens: 2, tokens: 32, seconds: 0.5 };
};

function begun(name: string): { readonly path: string; readonly metrics: RunMetrics } {
  const path = join(root, name);
  const metrics = new RunMetrics(path);
  metrics.addSample({ step: 0, prompt: 'a', answer: 'b' });
  for (const step of [1, 2]) metrics.addStep(line(step));
  const scores = { loss: 1, perplexity: 2, bitsPerByte: 3, accuracy: 0.5, tokens: 4 };
  metrics.addValidation(2, scores);
  metrics.addStep(line(3));
  return { path, metrics };
}

const lines = (path: string) =>
  readFileSync(path, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((text) => JSON.parse(text));

describe('RunMetrics', () => {
  it('has a line for each, in the file as in memory', () => {
    const { path, metrics } = begun('whole');
    expect(lines(path).map(({ kind, step }) => [kind, step])).toEqual([
      ['sample', 0],
      ['step', 1],
      ['step', 2],
      ['validation', 2],
      ['step', 3],
    ]);
    expect([metrics.steps.length, metrics.validations.length, metrics.samples.length]).toEqual([3, 1, 1]);
  });

  it.each(['{"kind":"step","st', '{"kind":"step"}\n', 'nothing\n', '{"kind":"step","step":4,"loss":1}'])(
    'continues after what a kill has left: %j',
    async (rest) => {
      const { path } = begun(`torn-${rest.length}`);
      appendFileSync(path, rest);
      const again = new RunMetrics(path);
      await again.read();
      again.beginAt(4);
      again.addStep(line(4));
      expect(lines(path).filter(({ kind }) => kind === 'step')).toEqual(
        [1, 2, 3, 4].map((step) => ({ kind: 'step', ...line(step) })),
      );
      expect(lines(path)).toHaveLength(6);
    },
  );

  it('forgets what is made again', async () => {
    const { path } = begun('again');
    const again = new RunMetrics(path);
    await again.read();
    expect([again.beginAt(9), again.beginAt(2)]).toEqual([5, 0]);
    again.addStep(line(2));
    expect(lines(path).map(({ kind, step }) => [kind, step])).toEqual([
      ['sample', 0],
      ['step', 1],
      ['step', 2],
    ]);
    expect([again.steps.length, again.validations.length]).toEqual([2, 0]);
  });

  it('says which file cannot be written', async () => {
    const file = join(root, 'file');
    writeFileSync(file, '');
    const metrics = new RunMetrics(join(file, 'metrics.jsonl'));
    await metrics.read();
    expect(() => metrics.addStep(line(1))).toThrow(/file\/metrics\.jsonl: cannot be written: /);
  });
});
