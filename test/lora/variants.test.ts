/** Every kind of adapter on every device: trains, saves, loads, merges, and is removed without a trace. */
import { describe, expect, it } from 'vitest';
import { noGrad } from '../../src/autograd/record.js';
import type { Backend } from '../../src/backends/backend.js';
import { ReferenceBackend } from '../../src/backends/reference/index.js';
import { Random } from '../../src/base/random.js';
import { loadAdapter, saveAdapter } from '../../src/lora/adapterFile.js';
import { withAdapterDisabled } from '../../src/lora/adapters.js';
import { applyLora } from '../../src/lora/applyLora.js';
import type { LoraConfig } from '../../src/lora/config.js';
import { merge, mergeAndUnload, unloadAdapters, unmerge } from '../../src/lora/merge.js';
import { Embedding } from '../../src/nn/embedding.js';
import { Linear } from '../../src/nn/linear.js';
import type { Layer } from '../../src/nn/module.js';
import { Sequential } from '../../src/nn/sequential.js';
import { crossEntropy } from '../../src/ops/crossEntropy.js';
import { Adam } from '../../src/optim/adam.js';
import { type Tensor, tensor } from '../../src/tensor.js';
import { allDevices } from '../support/devices.js';

const KINDS: readonly (readonly [string, LoraConfig])[] = [
  ['plain', {}],
  ['rslora', { useRslora: true }],
  ['dora', { useDora: true }],
  ['embedding', { targetModules: ['0'] }],
  ['embedding and linear', { targetModules: ['0', '1', '2'] }],
  ['dora on an embedding', { targetModules: ['0', '1'], useDora: true }],
  ['patterns', { rankPattern: { '1': 3 }, alphaPattern: { '2': 7 } }],
  ['biases of its layers', { bias: 'lora_only', targetModules: ['1'] }],
  ['all biases', { bias: 'all', targetModules: ['1'] }],
  ['a bias of B', { loraBias: true }],
  ['a whole module', { targetModules: ['1'], modulesToSave: ['2'] }],
  ['dropout', { dropout: 0.3 }],
  ['dropout and dora', { dropout: 0.3, useDora: true }],
  ['gaussian', { init: 'gaussian' }],
  ['orthogonal', { init: 'orthogonal' }],
  ['pissa', { init: 'pissa' }],
  ['olora', { init: 'olora' }],
  ['pissa beside an embedding', { init: 'pissa', targetModules: ['0', '1'] }],
  ['pissa with dora', { init: 'pissa', useDora: true }],
  ['a parametrization', { method: 'parametrization' }],
  ['a parametrization by pissa', { method: 'parametrization', init: 'pissa' }],
];

/** 11 words → 6 → 9 → 5: in ≠ out everywhere. */
function build(device: Backend): Sequential {
  const random = new Random(5);
  return new Sequential(
    new Embedding(device, 11, 6, { random }),
    new Linear(device, 6, 9, { random }),
    new Linear(device, 9, 5, { random }),
  );
}

const inputs = (device: Backend) => ({
  x: tensor(device, [3, 1, 10, 3, 0, 7, 9], [7], 'i32'),
  y: tensor(device, [0, 1, 2, 3, 4, 1, 2], [7], 'i32'),
});

const outputs = async (model: Layer, x: Tensor) => Array.from(await noGrad(() => model.forward(x)).read());

function train(model: Layer, x: Tensor, y: Tensor, steps = 4): void {
  const optimizer = new Adam(model.parameters(), { learningRate: 0.05 });
  model.train();
  for (let i = 0; i < steps; i++) {
    optimizer.zeroGrad();
    crossEntropy(model.forward(x), y).backward();
    optimizer.step();
  }
  model.eval();
}

async function bits(model: Layer): Promise<string> {
  const state = await model.stateDict();
  return Array.from(state, ([name, { data }]) => `${name} ${Array.from(data).join()}`).join('\n');
}

function difference(a: readonly number[], b: readonly number[]): number {
  const largest = Math.max(...a.map(Math.abs));
  return Math.max(...a.map((value, i) => Math.abs(value - b[i]))) / largest;
}

describe.each(await allDevices())('on %s', (_, device) => {
  const { x, y } = inputs(device);

  describe.each(KINDS)('%s', (_, kind) => {
    const config: LoraConfig = { rank: 2, alpha: 3, ...kind };

    it('begins as the base, and is the base bit for bit when it is off', async () => {
      const model = build(device).eval();
      const base = await outputs(model, x);
      await applyLora(model, config);
      model.eval();
      expect(difference(base, await outputs(model, x))).toBeLessThanOrEqual(1e-6);
      train(model, x, y);
      const trained = await outputs(model, x);
      expect(difference(base, trained)).toBeGreaterThan(1e-3);
      expect(await withAdapterDisabled(model, () => outputs(model, x))).toEqual(base);
      expect(await outputs(model, x)).toEqual(trained);
      unloadAdapters(model);
      expect(await outputs(model, x)).toEqual(base);
      expect(model.modules.map((module) => module.constructor)).toEqual([Embedding, Linear, Linear]);
    });

    it('saves and loads, merges and unmerges', async () => {
      const model = build(device);
      await applyLora(model, config);
      train(model, x, y);
      const trained = await outputs(model, x);
      const files = new Map<string, Uint8Array>();
      await saveAdapter(model, files);

      const other = build(device).eval();
      await loadAdapter(other, files, { method: config.method });
      other.eval();
      expect(difference(trained, await outputs(other, x))).toBeLessThanOrEqual(1e-5);
      const again = new Map<string, Uint8Array>();
      await saveAdapter(other, again);
      for (const [name, bytes] of files)
        expect(Buffer.from(again.get(name) ?? []).equals(bytes), name).toBe(true);

      const weights = await bits(model);
      const report = await merge(model);
      expect(report.difference).toBeLessThanOrEqual(1e-5);
      expect(difference(trained, await outputs(model, x))).toBeLessThanOrEqual(1e-5);
      expect(await bits(model)).not.toBe(weights);
      unmerge(model);
      expect(await bits(model)).toBe(weights);
      expect(await outputs(model, x)).toEqual(trained);

      await mergeAndUnload(model, { input: x });
      expect(difference(trained, await outputs(model, x))).toBeLessThanOrEqual(1e-5);
      expect(model.modules.map((module) => module.constructor)).toEqual([Embedding, Linear, Linear]);
    });
  });
});

describe.each(KINDS)('gradients of %s', (_, kind) => {
  it('agree with central differences', async () => {
    const device = new ReferenceBackend();
    const { x, y } = inputs(device);
    const model = build(device);
    await applyLora(model, { rank: 2, alpha: 3, ...kind, dropout: 0 });
    train(model, x, y, 2);
    // DoRA takes the length of a row for a constant, so that only its magnitudes can be compared.
    const checked = [...model.namedParameters()].filter(
      ([name, { requiresGrad }]) => requiresGrad && (!kind.useDora || name.endsWith('magnitude')),
    );
    expect(checked.length).toBeGreaterThan(0);
    for (const [, parameter] of checked) parameter.zeroGrad();
    crossEntropy(model.forward(x), y).backward();
    for (const [name, parameter] of checked) {
      const gradient = (await parameter.grad?.read()) ?? [];
      const values = Array.from(await parameter.read());
      for (const i of values.keys()) {
        const at = async (step: number) => {
          parameter.write(values.map((value, j) => (j === i ? value + step : value)));
          return noGrad(() => crossEntropy(model.forward(x), y)).item();
        };
        const expected = ((await at(1e-5)) - (await at(-1e-5))) / 2e-5;
        parameter.write(values);
        expect(Math.abs(gradient[i] - expected), `${name}[${i}]`).toBeLessThanOrEqual(
          1e-6 * Math.max(1e-2, Math.abs(expected)),
        );
      }
    }
  });
});
