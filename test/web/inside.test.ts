/** The numbers behind the page's figure, compared with the network's answers. */
import { describe, expect, it } from 'vitest';
import {
  applyLora,
  getAdapter,
  type LoraConfig,
  Random,
  selectDevice,
  serializeAdapter,
  tensor,
} from '../../src/index.js';
import { DigitsNet } from '../../src/mnist/index.js';
import { insideOf, START } from '../../web/lab/inside.js';
import { viewOf } from '../../web/lab/networks.js';
import { PIXELS } from '../../web/lab/pixels.js';
import type { LooksFor } from '../../web/lab/views.js';

const { device } = await selectDevice({ prefer: 'wasm', threads: 1 });
const COUNT = 12;

function noise(length: number, seed: number, std = 1): Float32Array {
  const random = new Random(seed);
  return Float32Array.from({ length }, () => std * random.normal());
}

const inputs = noise(COUNT * PIXELS, 1);

/** The network's own logits, after the ReLU. */
async function logitsOf(model: DigitsNet): Promise<number[]> {
  const x = tensor(device, inputs, [COUNT, PIXELS]);
  return Array.from(await model.forward(x).read());
}

function scoresOf({ weights, offsets }: LooksFor): number[] {
  return Array.from({ length: COUNT * 10 }, (_, i) => {
    const [row, digit] = [Math.floor(i / 10), i % 10];
    let sum = offsets[digit];
    for (let p = 0; p < PIXELS; p++) sum += weights[digit * PIXELS + p] * inputs[row * PIXELS + p];
    return Math.max(0, sum);
  });
}

function expectClose(found: readonly number[], expected: readonly number[]): void {
  expect(Math.max(...expected)).toBeGreaterThan(0.1);
  for (const [i, value] of expected.entries()) expect(Math.abs(found[i] - value)).toBeLessThan(1e-4);
}

/** An adapter with every value changed, as after a training run. */
async function adapted(config: LoraConfig, iterations = 200) {
  const model = new DigitsNet(device);
  const state = await model.stateDict();
  const adapter = await applyLora(model, { rank: 2, alpha: 1, ...config });
  for (const [i, each] of adapter.parameters().entries()) {
    const before = await each.read();
    const moves = noise(each.length, 10 + i, 0.02);
    each.write(Float32Array.from(before, (value, j) => value + moves[j]));
  }
  const files = await serializeAdapter(adapter);
  return { model, state, saved: { files, view: viewOf(model, adapter, { digits: [0], iterations }) } };
}

describe('insideOf', () => {
  it('adds up to the logits of the network itself', async () => {
    const model = new DigitsNet(device, { seed: 3 });
    const inside = await insideOf(device, await model.stateDict(), undefined);
    expectClose(scoresOf(inside.before), await logitsOf(model));
    expect([inside.after, inside.adapter]).toEqual([undefined, undefined]);
    expect(inside.layers.map(({ factors }) => factors)).toEqual([undefined, undefined, undefined]);
  });

  it.each<[string, LoraConfig]>([
    ['an adapter as the page teaches it', { bias: 'lora_only', ...START }],
    ['DoRA', { useDora: true }],
    ['rsLoRA on one layer', { useRslora: true, rank: 4, alpha: 8, targetModules: ['linear3'] }],
    ['a layer that is trained as a whole', { targetModules: ['linear1'], modulesToSave: ['linear3'] }],
  ])('adds up to the logits with %s', async (_, config) => {
    const { model, state, saved } = await adapted(config);
    const { before, after } = await insideOf(device, state, saved);
    if (!after) throw new Error('there is nothing after');
    expectClose(scoresOf(after), await logitsOf(model));
    const change = after.weights.map((value, i) => value - before.weights[i]);
    expect(Math.max(...change)).toBeGreaterThan(1e-4);
  });

  it('gives the factors that the adapter has, and the count of what was trained', async () => {
    const { model, state, saved } = await adapted({ bias: 'lora_only', ...START });
    const { layers, adapter } = await insideOf(device, state, saved);
    expect(adapter).toEqual({ rank: 2, trainable: 3518, isTaughtHere: true });
    const shapes = layers.map(({ name, inFeatures, outFeatures }) => [name, inFeatures, outFeatures]);
    expect(shapes).toEqual([
      ['linear1', 784, 256],
      ['linear2', 256, 128],
      ['linear3', 128, 10],
    ]);
    for (const [path, { loraA, loraB }] of getAdapter(model, 'default').factors) {
      const factors = layers.find(({ name }) => name === path)?.factors;
      expect(factors).toEqual({ rank: 2, a: await loraA.read(), b: await loraB.read() });
    }
  });

  it('knows how A began, in every layer and for every rank', async () => {
    const state = await new DigitsNet(device).stateDict();
    const { layers } = await insideOf(device, state, undefined);
    for (const rank of [1, 5, 16]) {
      const fresh = new DigitsNet(device);
      const { factors } = await applyLora(fresh, { rank, alpha: 3, bias: 'lora_only', ...START });
      for (const { name, starts } of layers) {
        expect(starts.get(rank)).toEqual(await factors.get(name)?.loraA.read());
      }
    }
  });

  it('knows the beginning of an adapter of a rank beyond those of the slider', async () => {
    const { state, saved } = await adapted({ rank: 20, ...START });
    const { layers } = await insideOf(device, state, saved);
    expect(layers[0].starts.get(20)?.length).toBe(20 * 784);
  });

  it('leaves out the layers that an adapter from a file leaves out', async () => {
    const { state, saved } = await adapted({ targetModules: ['linear3'] }, 0);
    const { layers, adapter } = await insideOf(device, state, saved);
    expect(layers.map(({ factors }) => factors?.rank)).toEqual([undefined, undefined, 2]);
    expect(adapter?.isTaughtHere).toBe(false);
  });

  it('takes no adapter for one of the page that has other layers than those of the page', async () => {
    const { state, saved } = await adapted({ rank: 200, targetModules: ['linear1'] });
    expect(saved.view.iterations).toBeGreaterThan(0);
    const { layers, adapter } = await insideOf(device, state, saved);
    expect(adapter?.isTaughtHere).toBe(false);
    expect(layers[0].factors?.rank).toBe(200);
  });

  it('frees all that it put on the device', async () => {
    const { state, saved } = await adapted({ bias: 'lora_only', useDora: true });
    await insideOf(device, state, saved);
    const { liveBytes } = device.memory();
    await insideOf(device, state, saved);
    expect(device.memory().liveBytes).toBe(liveBytes);
  });
});
