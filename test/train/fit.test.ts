import { describe, expect, it } from 'vitest';
import type { Backend } from '../../src/backends/backend.js';
import { ShapeError } from '../../src/base/errors.js';
import { Random } from '../../src/base/random.js';
import { Dataset } from '../../src/data/dataset.js';
import { applyLora } from '../../src/lora/applyLora.js';
import { DigitsNet } from '../../src/mnist/digitsNet.js';
import { Linear } from '../../src/nn/linear.js';
import { serializeModel } from '../../src/nn/modelFile.js';
import { crossEntropy } from '../../src/ops/crossEntropy.js';
import { Adam } from '../../src/optim/adam.js';
import { SGD } from '../../src/optim/sgd.js';
import { evaluate } from '../../src/train/evaluate.js';
import { type FitOptions, fit } from '../../src/train/fit.js';
import { allDevices, wasm } from '../support/devices.js';
import { testImages, trainImages } from '../support/mnistData.js';

const device = await wasm();
const data = trainImages(device, 2000);

async function trained(on: Backend, options: Partial<FitOptions> = {}) {
  const model = new DigitsNet(on, { seed: 3 });
  const optimizer = new Adam(model.parameters());
  const images = trainImages(on, 500);
  const result = await fit(model, images, { optimizer, limit: 30, ...options });
  const bytes = Buffer.from(serializeModel(await model.stateDict()));
  optimizer.dispose();
  model.dispose();
  images.dispose();
  return { result, bytes };
}

describe('fit', () => {
  it('learns the digits, adapts to five of them, and forgets some of the others', async () => {
    const held = testImages(device, 2000);
    const model = new DigitsNet(device);
    const optimizer = new Adam(model.parameters());
    const { meanLoss, iterations } = await fit(model, trainImages(device, 6000), { optimizer });
    expect(iterations).toBe(600);
    expect(meanLoss).toBeLessThan(1.5);
    const base = await evaluate(model, held);
    expect(base.accuracy).toBeGreaterThan(0.6);

    const adapter = await applyLora(model, { rank: 2, alpha: 1, init: 'normal' });
    const digits = [2, 3, 5, 8, 9];
    await fit(model, data.subset(digits), { optimizer: new Adam(model.parameters()), epochs: 2, limit: 200 });
    const adapted = await evaluate(model, held);
    const sum = (wrong: number[], of: (digit: number) => boolean) =>
      wrong.reduce((total, count, digit) => total + (of(digit) ? count : 0), 0);
    const isAdapted = (digit: number) => digits.includes(digit);
    expect(sum(adapted.wrong, isAdapted)).toBeLessThan(0.9 * sum(base.wrong, isAdapted));
    expect(sum(adapted.wrong, (digit) => !isAdapted(digit))).toBeGreaterThan(
      sum(base.wrong, (digit) => !isAdapted(digit)),
    );
    adapter.enabled = false;
    expect(await evaluate(model, held)).toEqual(base);
  });

  it('gives the same bytes from the same seed, and others from another', async () => {
    const first = await trained(await wasm());
    const second = await trained(await wasm());
    expect(second.bytes.equals(first.bytes)).toBe(true);
    expect((await trained(device, { seed: 1 })).bytes.equals(first.bytes)).toBe(false);
  });

  it('counts iterations over epochs, up to the limit', async () => {
    const seen: string[] = [];
    const { result } = await trained(device, {
      epochs: 3,
      batchSize: 200,
      limit: 7,
      onStep: ({ iteration, iterations, epoch }) => seen.push(`${iteration}/${iterations} ${epoch}`),
    });
    expect(seen).toEqual(['1/7 1', '2/7 1', '3/7 1', '4/7 2', '5/7 2', '6/7 2', '7/7 3']);
    expect(result).toMatchObject({ iterations: 7, stopped: false });
    expect((await trained(device, { batchSize: 200, limit: 100, dropLast: true })).result.iterations).toBe(2);
  });

  it('reports the mean of the losses', async () => {
    const losses: number[] = [];
    const means: number[] = [];
    const { result } = await trained(device, {
      onStep: ({ loss, meanLoss }) => {
        losses.push(loss);
        means.push(meanLoss);
      },
    });
    const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
    expect(result.meanLoss).toBeCloseTo(mean, 12);
    expect(means.at(-1)).toBe(result.meanLoss);
  });

  it('stops at the end of an iteration on request', async () => {
    const controller = new AbortController();
    const { result } = await trained(device, {
      signal: controller.signal,
      onStep: ({ iteration }) => {
        if (iteration === 4) controller.abort();
      },
    });
    expect(result).toMatchObject({ iterations: 4, stopped: true });
    expect((await trained(device, { signal: AbortSignal.abort() })).result).toMatchObject({
      iterations: 0,
      stopped: true,
    });
  });

  it('lets timers run while it trains', async () => {
    let ticks = 0;
    const timer = setInterval(() => {
      ticks += 1;
    }, 1);
    const model = new DigitsNet(device);
    const optimizer = new Adam(model.parameters());
    const begun = performance.now();
    const controller = new AbortController();
    await fit(model, data, {
      optimizer,
      epochs: 1000,
      signal: controller.signal,
      onStep: () => {
        if (performance.now() - begun > 300) controller.abort();
      },
    });
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(3);
  });

  it('ends with the number of the iteration when the loss is not finite, before the weights are changed', async () => {
    const model = new DigitsNet(device);
    const before = await model.stateDict();
    let calls = 0;
    const optimizer = new SGD(model.parameters(), { learningRate: 0 });
    const broken = fit(model, data, {
      optimizer,
      loss: (net, { x, y }) => {
        calls += 1;
        const logits = net.forward(x);
        if (calls === 3) logits.write(new Float32Array(logits.length).fill(Number.NaN));
        return crossEntropy(logits, y);
      },
    });
    await expect(broken).rejects.toThrow('fit: the loss is NaN at iteration 3');
    expect(await model.stateDict()).toEqual(before);
  });

  it.each([
    ['fit: epochs must be a positive integer: 0', { epochs: 0 }],
    ['fit: batchSize must be a positive integer: 1.5', { batchSize: 1.5 }],
    ['fit: limit must be a positive integer: -1', { limit: -1 }],
  ])('%s', async (message, options) => {
    await expect(trained(device, options)).rejects.toThrow(message);
  });
});

describe.each(await allDevices())('evaluate on %s', (_, on) => {
  it('counts per class, whatever the batch size', async () => {
    const images = testImages(on, 205);
    const model = new DigitsNet(on, { seed: 1 });
    const before = on.memory().liveStorages;
    const whole = await evaluate(model, images);
    const parts = await evaluate(model, images, { batchSize: 10 });
    expect(on.memory().liveStorages).toBe(before);
    expect(parts).toMatchObject({ accuracy: whole.accuracy, wrong: whole.wrong, correct: whole.correct });
    expect(parts.loss).toBeCloseTo(whole.loss, 5);
    expect(whole.correct.map((count, c) => count + whole.wrong[c])).toEqual(images.classCounts);

    // Oracle: the logits of every image, on the host.
    const wrong = new Array<number>(10).fill(0);
    let loss = 0;
    for (const { x, y } of images.batches({ batchSize: 205 })) {
      const [logits, targets] = [await model.forward(x).read(), await y.read()];
      for (let r = 0; r < 205; r++) {
        const row = Array.from(logits.slice(10 * r, 10 * r + 10));
        if (row.indexOf(Math.max(...row)) !== targets[r]) wrong[targets[r]] += 1;
        loss += Math.log(row.reduce((sum, logit) => sum + Math.exp(logit), 0)) - row[targets[r]];
      }
    }
    expect(whole.wrong).toEqual(wrong);
    expect(whole.loss).toBeCloseTo(loss / 205, 5);
    images.dispose();
  });

  it('takes the largest of more outputs than there are classes', async () => {
    const [features, classes, outputs, count] = [5, 6, 12, 40];
    const random = new Random(4);
    const bytes = (length: number, below: number) =>
      Uint8Array.from({ length }, () => Math.floor(below * random.uniform()));
    const labels = bytes(count, classes);
    const images = Dataset.fromBytes(on, bytes(count * features, 256), labels, {
      ...{ features, classes, mean: 0.5, std: 0.3 },
    });
    const model = new Linear(on, features, outputs, { random });
    const wrong = new Array<number>(classes).fill(0);
    for (const { x } of images.batches({ batchSize: count })) {
      const logits = Array.from(await model.forward(x).read());
      for (const [r, label] of labels.entries()) {
        const row = logits.slice(outputs * r, outputs * (r + 1));
        if (row.indexOf(Math.max(...row)) !== label) wrong[label] += 1;
      }
    }
    const right = count - wrong.reduce((sum, each) => sum + each, 0);
    expect(right).toBeGreaterThan(0);
    const found = await evaluate(model, images, { batchSize: 7 });
    expect(found.wrong).toEqual(wrong);
    expect(found.accuracy).toBe(right / count);
    expect(found.correct.map((each, c) => each + wrong[c])).toEqual(images.classCounts);

    const few = new Linear(on, features, 4);
    const message = 'evaluate: the model has fewer outputs than the data have classes: 4 and 6';
    await expect(evaluate(few, images)).rejects.toThrow(new ShapeError(message));
    images.dispose();
  });

  it('reports its progress, and ends with an error that a callback throws', async () => {
    const images = testImages(on, 25);
    const model = new DigitsNet(on);
    const before = on.memory().liveStorages;
    const seen: number[] = [];
    await evaluate(model, images, { batchSize: 10, onBatch: (done) => seen.push(done) });
    expect(seen).toEqual([10, 20, 25]);
    const onBatch = () => {
      throw new Error('enough');
    };
    await expect(evaluate(model, images, { onBatch })).rejects.toThrow('enough');
    expect(on.memory().liveStorages).toBe(before);
    expect(model.training).toBe(true);
  });

  it('leaves the mode of the model as it was', async () => {
    const images = testImages(on, 10);
    const model = new DigitsNet(on).eval();
    await evaluate(model, images);
    expect(model.training).toBe(false);
    await evaluate(model.train(), images);
    expect(model.training).toBe(true);
  });
});
