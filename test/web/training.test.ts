/** Training runs that go wrong, and what is left of them. */
import { describe, expect, it } from 'vitest';
import { applyLora, Dataset, evaluate, selectDevice } from '../../src/index.js';
import { DigitsNet } from '../../src/mnist/index.js';
import { NORMALISATION } from '../../web/lab/digits.js';
import { PIXELS } from '../../web/lab/pixels.js';
import { train } from '../../web/lab/training.js';
import { Watch } from '../../web/lab/watch.js';

const { device } = await selectDevice({ prefer: 'wasm', threads: 1 });

/** Ten patterns that a network learns at once. */
function patterns(count = 200) {
  const images = new Uint8Array(count * PIXELS);
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 10);
  for (let i = 0; i < count; i++)
    images.fill(255, i * PIXELS + 70 * labels[i], i * PIXELS + 70 * labels[i] + 60);
  return Dataset.fromBytes(device, images, labels, NORMALISATION);
}

async function wrapped(alpha: number) {
  const model = new DigitsNet(device);
  await applyLora(model, { rank: 2, alpha, bias: 'lora_only', init: 'normal', seed: 0 });
  return model;
}

const signal = new AbortController().signal;
const SETTINGS = { epochs: 10, limit: 200, seed: 0, signal };

describe('train', () => {
  it('keeps what goes well', async () => {
    const model = await wrapped(1);
    const outcome = await train(model, patterns(), { ...SETTINGS, learningRate: 0.001 });
    expect(outcome).toEqual({ iterations: 200, diverged: undefined, stopped: false });
  });

  it.each([
    [0.1, 128],
    [0.1, 1e9],
    [1e30, 1],
    [10, 1],
  ])('discards a training run with learning rate %d and alpha %d', async (learningRate, alpha) => {
    const data = patterns();
    const outcome = await train(await wrapped(alpha), data, { ...SETTINGS, learningRate });
    expect(outcome.iterations).toBe(0);
    expect(outcome.diverged?.iteration).toBeGreaterThan(0);
    expect(outcome.diverged?.iteration).toBeLessThanOrEqual(200);
  });

  it('says so of a single step that ruined it, which no loss of a step shows', async () => {
    const outcome = await train(await wrapped(128), patterns(), { ...SETTINGS, limit: 1, learningRate: 10 });
    expect(outcome.iterations).toBe(0);
    expect(outcome.diverged?.iteration).toBe(1);
  });

  it('goes back to the last good values where it goes wrong late', async () => {
    const [model, data] = [await wrapped(1), patterns()];
    const before = (await evaluate(model, data)).loss;
    const [first] = model.parameters().filter(({ requiresGrad }) => requiresGrad);
    const ruin = ({ iteration }: { iteration: number }) => {
      if (iteration === 105) first.write(Float32Array.from({ length: first.length }, () => 1e6));
    };
    const outcome = await train(model, data, { ...SETTINGS, learningRate: 0.001, onStep: ruin });
    expect(outcome.iterations).toBe(100);
    expect(outcome.diverged?.iteration).toBe(106);
    const after = (await evaluate(model, data)).loss;
    expect(after).toBeLessThan(before);
    const other = await wrapped(1);
    await train(other, data, { ...SETTINGS, learningRate: 0.001, limit: 100 });
    expect(after).toBe((await evaluate(other, data)).loss);
  });
});

it('a watch frees what it holds', async () => {
  const model = await wrapped(1);
  const { liveBytes } = device.memory();
  const watch = new Watch(device, model.parameters(), 1);
  expect(device.memory().liveBytes).toBeGreaterThan(liveBytes);
  watch.dispose();
  expect(device.memory().liveBytes).toBe(liveBytes);
});
