import { describe, expect, it } from 'vitest';
import { applyLora } from '../../src/lora/applyLora.js';
import { loraPlusGroups } from '../../src/lora/loraPlus.js';
import { DigitsNet } from '../../src/mnist/digitsNet.js';
import { Adam } from '../../src/optim/adam.js';
import { checkSchedule, learningRateFactor, type Schedule } from '../../src/optim/schedule.js';
import { fit } from '../../src/train/fit.js';
import { wasm } from '../support/devices.js';
import { trainImages } from '../support/mnistData.js';

/** By transformers.get_scheduler, 10 steps in all and 3 of warm-up. */
const EXPECTED: readonly (readonly [Schedule['kind'], number[]])[] = [
  ['constant', [0, 1 / 3, 2 / 3, 1, 1, 1, 1, 1, 1, 1]],
  ['linear', [0, 1 / 3, 2 / 3, 1, 6 / 7, 5 / 7, 4 / 7, 3 / 7, 2 / 7, 1 / 7]],
  [
    'cosine',
    [0, 1 / 3, 2 / 3, 1, 0.950484434, 0.8117449009, 0.611260467, 0.388739533, 0.1882550991, 0.049515566],
  ],
];

describe('schedules', () => {
  it.each(EXPECTED)('%s, after a warm-up', (kind, factors) => {
    for (const [step, factor] of factors.entries()) {
      expect(learningRateFactor({ kind, warmup: 3 }, step, 10)).toBeCloseTo(factor, 9);
    }
    expect(learningRateFactor({ kind }, 0, 10)).toBe(1);
  });

  it('refuses what cannot be', () => {
    expect(() => checkSchedule({ kind: 'cosine', warmup: 1.5 })).toThrow(
      'warmup must be a non-negative integer: 1.5',
    );
    expect(() => checkSchedule({ kind: 'step' as 'linear' })).toThrow(
      'kind must be one of constant, linear, cosine: step',
    );
  });

  it('are followed by fit, with groups and clipping, recorded or not, to the same bits', async () => {
    const device = await wasm();
    const data = trainImages(device, 300);
    const run = async (options: { record?: boolean; schedule?: Schedule; clipNorm?: number }) => {
      const model = new DigitsNet(device);
      await applyLora(model, { rank: 2, init: 'normal' });
      const optimizer = new Adam(loraPlusGroups(model, 0.001, 4));
      const { repeated } = await fit(model, data, { optimizer, ...options });
      expect(optimizer.learningRateFactor).toBe(1);
      const state = await model.stateDict();
      return { repeated, text: Array.from(state, ([name, { data }]) => `${name} ${data.join()}`).join() };
    };
    const schedule: Schedule = { kind: 'cosine', warmup: 5 };
    const recorded = await run({ schedule, clipNorm: 0.5 });
    const eager = await run({ schedule, clipNorm: 0.5, record: false });
    expect(recorded.repeated).toBeGreaterThan(20);
    expect(eager.repeated).toBe(0);
    expect(recorded.text === eager.text).toBe(true);
    expect((await run({ schedule })).text === recorded.text).toBe(false);
    expect((await run({ clipNorm: 0.5 })).text === recorded.text).toBe(false);
    await expect(run({ clipNorm: 0 })).rejects.toThrow('fit: clipNorm must be above 0: 0');
  });
});
