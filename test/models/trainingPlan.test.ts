/** The memory of a training run, planned and measured. */
import { afterEach, describe, expect, it } from 'vitest';
import type { DType } from '../../src/backends/backend.js';
import type { WasmBackend } from '../../src/backends/wasm/index.js';
import { PackedRows } from '../../src/data/packedRows.js';
import { applyLora } from '../../src/lora/applyLora.js';
import type { LoraConfig } from '../../src/lora/config.js';
import { loadLanguageModel } from '../../src/models/load.js';
import { tokenLoss } from '../../src/models/tokenLoss.js';
import { trainingPlan } from '../../src/models/trainingPlan.js';
import { AdamW } from '../../src/optim/adam.js';
import { SGD } from '../../src/optim/sgd.js';
import type { Parameter } from '../../src/tensor.js';
import { fit } from '../../src/train/fit.js';
import { wasm } from '../support/devices.js';
import { hasRealModel, realModel } from '../support/realModel.js';
import { folder } from './fixtures.js';

const open: WasmBackend[] = [];
afterEach(() => {
  for (const device of open.splice(0)) device.dispose();
});

/** A device that records the peak bytes of its storages. */
async function watched() {
  const device = await wasm();
  open.push(device);
  const alloc = device.alloc.bind(device);
  const watch = { peak: 0 };
  device.alloc = (dtype: DType, length: number) => {
    const storage = alloc(dtype, length);
    watch.peak = Math.max(watch.peak, device.memory().liveBytes);
    return storage;
  };
  return { device, watch };
}

/** Rows of given lengths, in which each token is trained. */
const examplesOf = (lengths: readonly number[], vocabulary: number) =>
  lengths.map((length, e) => {
    const ids = Int32Array.from({ length: length + 1 }, (_, i) => (i * 7 + e) % vocabulary);
    return { ids, labels: ids.map((id, i) => (i === 0 ? -1 : id)) };
  });

const makers = {
  AdamW: (parameters: readonly Parameter[]) => new AdamW(parameters),
  SGD: (parameters: readonly Parameter[]) => new SGD(parameters, { learningRate: 0.1 }),
};

const CASES: readonly [
  name: string,
  lora: LoraConfig,
  optimizer: keyof typeof makers,
  checkpoint: 'on' | 'off',
][] = [
  ['plain', {}, 'AdamW', 'off'],
  ['recomputed', {}, 'AdamW', 'on'],
  ['SGD', { rank: 4, targetModules: ['q_proj', 'down_proj'] }, 'SGD', 'off'],
  ['DoRA with dropout', { useDora: true, dropout: 0.2 }, 'AdamW', 'off'],
  ['DoRA with dropout, recomputed', { useDora: true, dropout: 0.2 }, 'AdamW', 'on'],
  ['patterns', { rankPattern: { q_proj: 2 }, targetModules: /.*_proj/ }, 'AdamW', 'off'],
];

describe('trainingPlan', () => {
  it.each(CASES)('counts the memory of a training run: %s', async (_, lora, kind, gradientCheckpointing) => {
    const { device, watch } = await watched();
    const { model, weightBytes } = await loadLanguageModel(device, folder('llama'));
    const before = device.memory().liveBytes;
    await applyLora(model, lora);
    const rows = new PackedRows(device, examplesOf([20, 64, 33], 300), { pack: false });
    const plan = await trainingPlan(model, rows, { optimizer: makers[kind], gradientCheckpointing });
    expect(device.memory().liveBytes, 'nothing stays').toBeLessThan(before + plan.adapter);
    expect(plan.weights).toBe(weightBytes);
    expect(plan.weights + plan.adapter + plan.optimizer + plan.activations).toBe(plan.total);
    model.model.gradientCheckpointing = plan.gradientCheckpointing;
    const optimizer = makers[kind](model.parameters().filter(({ requiresGrad }) => requiresGrad));
    await fit(model, rows, { optimizer, epochs: 4, loss: tokenLoss, record: false });
    // The lists of tokens are counted too, for rows of any length.
    expect(Math.abs(watch.peak / plan.total - 1)).toBeLessThan(0.01);
  });

  it('counts no gradients for an adapter that is frozen', async () => {
    const { device, watch } = await watched();
    const { model } = await loadLanguageModel(device, folder('llama'));
    await applyLora(model, { rank: 4 });
    const rows = new PackedRows(device, examplesOf([64], 300));
    const alone = await trainingPlan(model, rows);
    const { factors } = await applyLora(model, { rank: 16 }, 'frozen');
    const numbers = [...factors.values()].flatMap((each) => each.parameters());
    const bytes = numbers.reduce((sum, { length }) => sum + 4 * length, 0);
    const both = await trainingPlan(model, rows);
    expect(both.adapter).toBe(alone.adapter + bytes);
    expect(both.optimizer).toBe(alone.optimizer);
    expect(both.total).toBe(alone.total + bytes);
    const optimizer = new AdamW(model.parameters().filter(({ requiresGrad }) => requiresGrad));
    await fit(model, rows, { optimizer, epochs: 3, loss: tokenLoss, record: false });
    expect(Math.abs(watch.peak / both.total - 1)).toBeLessThan(0.01);
  });

  it('recomputes blocks where a step would not fit otherwise', async () => {
    const { device } = await watched();
    const { model } = await loadLanguageModel(device, folder('llama'));
    await applyLora(model);
    const rows = new PackedRows(device, examplesOf([96], 300));
    const whole = await trainingPlan(model, rows);
    expect(whole).toMatchObject({ gradientCheckpointing: false, fits: true });
    expect(whole.memory).toBe(device.memory().limitBytes);
    expect(whole.choices.on).toBeLessThan(0.8 * whole.choices.off);
    const less = await trainingPlan(model, rows, { memory: whole.total - 1 });
    expect(less).toMatchObject({ gradientCheckpointing: true, fits: true, memory: whole.total - 1 });
    expect(less.total).toBe(whole.total - whole.choices.off + whole.choices.on);
    expect(await trainingPlan(model, rows, { memory: whole.total })).toEqual({
      ...whole,
      memory: whole.total,
    });
    expect(await trainingPlan(model, rows, { memory: less.total - 1 })).toMatchObject({ fits: false });
    const off = { memory: less.total, gradientCheckpointing: 'off' } as const;
    expect(await trainingPlan(model, rows, off)).toMatchObject({ gradientCheckpointing: false, fits: false });
  });

  it('refuses invalid arguments', async () => {
    const { device } = await watched();
    const { model } = await loadLanguageModel(device, folder('llama'));
    const rows = new PackedRows(device, examplesOf([8], 300));
    await expect(trainingPlan(model, rows)).rejects.toThrow(
      'trainingPlan: the model has no adapter to train',
    );
    await applyLora(model);
    await expect(trainingPlan(model, rows, { memory: 0 })).rejects.toThrow(
      'trainingPlan: memory must be above 0 bytes: 0',
    );
    const wrong = { gradientCheckpointing: true } as unknown as { gradientCheckpointing: 'on' };
    await expect(trainingPlan(model, rows, wrong)).rejects.toThrow('must be auto, on or off: true');
  });

  it.runIf(hasRealModel)(
    'is within 10 % of the memory that a device took for rows of many lengths',
    async () => {
      const { device, watch } = await watched();
      const { model } = await loadLanguageModel(device, realModel());
      await applyLora(model);
      const rows = new PackedRows(device, examplesOf([32, 64, 24], 40000), { pack: false });
      const plan = await trainingPlan(model, rows);
      const optimizer = new AdamW(model.parameters());
      await fit(model, rows, { optimizer, limit: 5, epochs: 2, loss: tokenLoss });
      expect(Math.abs(watch.peak / plan.total - 1)).toBeLessThan(0.01);
      expect(Math.abs(device.memory().peakBytes / plan.total - 1)).toBeLessThan(0.1);
    },
  );
});
