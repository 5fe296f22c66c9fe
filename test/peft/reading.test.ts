/** Adapters that real PEFT wrote, read on every device: its outputs, its training, and its bytes again. */
import { describe, expect, it } from 'vitest';
import { noGrad } from '../../src/autograd/record.js';
import { loadAdapter, saveAdapter } from '../../src/lora/adapterFile.js';
import { setActiveAdapters, withAdapterDisabled } from '../../src/lora/adapters.js';
import { loraPlusGroups } from '../../src/lora/loraPlus.js';
import { merge, unmerge } from '../../src/lora/merge.js';
import { addWeightedAdapter } from '../../src/lora/weightedAdapter.js';
import type { Layer } from '../../src/nn/module.js';
import { crossEntropy } from '../../src/ops/crossEntropy.js';
import { Adam } from '../../src/optim/adam.js';
import type { OptimizerParameters } from '../../src/optim/groups.js';
import { type Tensor, tensor } from '../../src/tensor.js';
import { allDevices } from '../support/devices.js';
import { adapterFiles, baseModel, caseNames, difference, facts, inputTensor, TARGETS } from './net.js';

const outputs = (model: Layer, x: Tensor) => noGrad(() => model.forward(x)).read();

describe.each(await allDevices())('adapters of PEFT on %s', (_, device) => {
  it.each(caseNames)('%s: outputs of base, adapted and merged', async (name) => {
    const expected = facts(name);
    const x = inputTensor(device, expected);
    const model = baseModel(device, name);
    const base = await outputs(model, x);
    expect(difference(base, expected.base)).toBeLessThanOrEqual(1e-5);
    await loadAdapter(model, adapterFiles(name));
    model.eval();
    const adapted = await outputs(model, x);
    expect(difference(adapted, expected.adapted)).toBeLessThanOrEqual(1e-5);
    await merge(model);
    expect(difference(await outputs(model, x), expected.merged)).toBeLessThanOrEqual(1e-5);
    unmerge(model);
    expect(await outputs(model, x)).toEqual(adapted);
    expect(await withAdapterDisabled(model, () => outputs(model, x))).toEqual(base);
  });

  /** Number of training steps: a software adapter takes long for all. */
  const STEPS = device.name === 'webgpu' ? 6 : 20;

  /** Trains as PEFT did, and compares every loss. */
  async function train(
    name: string,
    losses: readonly number[],
    groups: (model: Layer) => OptimizerParameters,
  ) {
    const expected = facts(name);
    const x = inputTensor(device, expected);
    const y = tensor(device, TARGETS, [7], 'i32');
    const model = baseModel(device, name);
    await loadAdapter(model, adapterFiles(name));
    model.train();
    const optimizer = new Adam(groups(model), { learningRate: 0.01 });
    expect(losses).toHaveLength(20);
    for (const [step, loss] of losses.slice(0, STEPS).entries()) {
      optimizer.zeroGrad();
      const found = crossEntropy(model.forward(x), y);
      found.backward();
      expect(Math.abs((await found.item()) / loss - 1), `step ${step}`).toBeLessThanOrEqual(1e-4);
      optimizer.step();
    }
    model.eval();
    return outputs(model, x);
  }

  const trainable = caseNames.filter((name) => facts(name).losses.length > 0);

  it.each(trainable)(`%s: ${STEPS} steps of Adam`, async (name) => {
    const { losses, trained } = facts(name);
    const found = await train(name, losses, (model) => model.parameters());
    if (STEPS === 20) expect(difference(found, trained)).toBeLessThanOrEqual(1e-3);
  });

  it.each(trainable)(`%s: ${STEPS} steps of LoRA+`, async (name) => {
    await train(name, facts(name).plusLosses, (model) => loraPlusGroups(model, 0.01, 4));
  });

  it.each(['linear', 'cat', 'svd'] as const)('adds adapters as PEFT does: %s', async (combination) => {
    const expected = facts('weighted');
    const x = inputTensor(device, expected);
    const model = baseModel(device, 'weighted');
    for (const name of ['one', 'two']) await loadAdapter(model, adapterFiles('weighted', name), { name });
    const { weights } = expected;
    await addWeightedAdapter(model, 'sum', { adapters: ['one', 'two'], weights, combination });
    setActiveAdapters(model, ['sum']);
    expect(difference(await outputs(model, x), expected.combined[combination])).toBeLessThanOrEqual(1e-5);
  });
});

/** Written otherwise: as an update of twice the rank, or in another type. */
const CONVERTED = ['pissa', 'pissa-embedding', 'olora', 'f16', 'bf16'];

describe('writing what PEFT wrote', async () => {
  const [[, device]] = await allDevices();

  it.each(caseNames.filter((name) => !CONVERTED.includes(name)))('%s: the same bytes', async (name) => {
    const model = baseModel(device, name);
    const read = adapterFiles(name);
    await loadAdapter(model, read);
    const written = new Map<string, Uint8Array>();
    await saveAdapter(model, written);
    const file = 'adapter_model.safetensors';
    expect(Buffer.from(written.get(file) ?? []).equals(read.get(file) ?? new Uint8Array())).toBe(true);
  });

  it.each([
    ['f16', 'F16'],
    ['bf16', 'BF16'],
  ] as const)('%s: the same bytes', async (name, dtype) => {
    const model = baseModel(device, name);
    const read = adapterFiles(name);
    await loadAdapter(model, read);
    const written = new Map<string, Uint8Array>();
    await saveAdapter(model, written, { dtype });
    const file = 'adapter_model.safetensors';
    expect(Buffer.from(written.get(file) ?? []).equals(read.get(file) ?? new Uint8Array())).toBe(true);
  });
});
