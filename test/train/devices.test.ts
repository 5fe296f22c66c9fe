/** A model and its optimizer go from one device to another; a device is lost in the middle of training. */
import { describe, expect, it } from 'vitest';
import { noGrad } from '../../src/autograd/record.js';
import type { Backend } from '../../src/backends/backend.js';
import { DeviceError } from '../../src/base/errors.js';
import { applyLora } from '../../src/lora/applyLora.js';
import { DigitsNet } from '../../src/mnist/digitsNet.js';
import { crossEntropy } from '../../src/ops/crossEntropy.js';
import { Adam } from '../../src/optim/adam.js';
import { tensor } from '../../src/tensor.js';
import { fit } from '../../src/train/fit.js';
import { wasm } from '../support/devices.js';
import { trainImages } from '../support/mnistData.js';
import { hasWebGpu, webgpu } from '../support/webgpuDevice.js';

const MOVES: (readonly [from: string, to: string])[] = [['wasm', 'wasm']];
if (hasWebGpu) MOVES.push(['wasm', 'webgpu'], ['webgpu', 'wasm'], ['webgpu', 'webgpu']);

/** A few devices of each kind, for all tests: compiling the kernels of one takes seconds on a software driver. */
const opened = new Map<string, Promise<Backend>>();

function open(name: string, which: 'source' | 'target' | 'left' | 'entered'): Promise<Backend> {
  const key = `${name} ${which}`;
  const device = opened.get(key) ?? (name === 'wasm' ? wasm() : webgpu());
  opened.set(key, device);
  return device;
}

async function build(device: Backend) {
  const model = new DigitsNet(device, { inFeatures: 12, classes: 3 });
  const adapter = await applyLora(model, {
    rank: 2,
    bias: 'all',
    targetModules: ['linear1'],
    init: 'normal',
  });
  return { model, adapter, optimizer: new Adam(model.parameters(), { learningRate: 0.01 }) };
}

type Built = Awaited<ReturnType<typeof build>>;

function batch(device: Backend) {
  const x = tensor(
    device,
    Float32Array.from({ length: 48 }, (_, i) => Math.sin(i)),
    [4, 12],
  );
  return { x, y: tensor(device, [0, 1, 2, 1], [4], 'i32') };
}

function train({ model, optimizer }: Built, device: Backend, steps: number): void {
  const { x, y } = batch(device);
  for (let i = 0; i < steps; i++) {
    optimizer.zeroGrad();
    crossEntropy(model.forward(x), y).backward();
    optimizer.step();
  }
}

const logits = async (model: DigitsNet, device: Backend) =>
  Array.from(await noGrad(() => model.forward(batch(device).x)).read());

describe.each(MOVES)('from %s to %s', (from, to) => {
  it.each(['model first', 'optimizer first'])('moves bit for bit and continues, %s', async (order) => {
    const [source, target] = [await open(from, 'source'), await open(to, 'target')];
    const moved = await build(source);
    const stayed = await build(source);
    for (const built of [moved, stayed]) train(built, source, 3);
    const [weights, state] = [await moved.model.stateDict(), await moved.optimizer.stateDict()];

    if (order === 'model first') await moved.model.to(target);
    await moved.optimizer.to(target);
    await moved.model.to(target);
    expect(await moved.model.stateDict()).toEqual(weights);
    expect(await moved.optimizer.stateDict()).toEqual(state);
    expect(moved.model.parameters().every(({ device }) => device === target)).toBe(true);

    train(moved, target, 3);
    train(stayed, source, 3);
    const [actual, expected] = [await logits(moved.model, target), await logits(stayed.model, source)];
    if (from === to) expect(actual).toEqual(expected);
    else for (const [i, value] of expected.entries()) expect(actual[i]).toBeCloseTo(value, 3);
    moved.adapter.enabled = false;
    stayed.adapter.enabled = false;
    const [off, offThere] = [await logits(stayed.model, source), await logits(moved.model, target)];
    for (const [i, value] of off.entries()) expect(offThere[i]).toBeCloseTo(value, 5);
  });

  it('leaves nothing behind', async () => {
    // Separate devices: memory that other tests left to the garbage collector must not be freed in between.
    const [source, target] = [await open(from, 'left'), await open(to, 'entered')];
    const before = [source.memory().liveStorages, target.memory().liveStorages];
    const { model, optimizer } = await build(source);
    await optimizer.to(target);
    await model.to(target);
    expect(source.memory().liveStorages).toBe(before[0]);
    optimizer.dispose();
    model.dispose();
    expect(target.memory().liveStorages).toBe(before[1]);
  });
});

describe.runIf(hasWebGpu)('a lost device', () => {
  it('ends training with a DeviceError, and training continues elsewhere from copies', async () => {
    const device = await webgpu();
    const model = new DigitsNet(device);
    const optimizer = new Adam(model.parameters());
    const copies = { weights: await model.stateDict(), state: await optimizer.stateDict() };
    const data = trainImages(device, 500);
    let seen = 0;
    const training = fit(model, data, {
      optimizer,
      epochs: 100,
      onStep: ({ iteration }) => {
        seen = iteration;
        if (iteration === 40) device.dispose();
      },
    });
    await expect(training).rejects.toThrow(DeviceError);
    expect(seen).toBeGreaterThanOrEqual(40);
    expect((await device.lost).message).toMatch(/webgpu: the device was/);
    await expect(model.stateDict()).rejects.toThrow(DeviceError);
    await expect(model.to(await wasm())).rejects.toThrow(DeviceError);

    const fresh = await webgpu();
    const continued = new DigitsNet(fresh);
    continued.loadStateDict(copies.weights);
    const again = new Adam(continued.parameters());
    again.loadStateDict(copies.state);
    const { iterations } = await fit(continued, trainImages(fresh, 500), { optimizer: again, limit: 5 });
    expect(iterations).toBe(5);
    fresh.dispose();
  });
});
