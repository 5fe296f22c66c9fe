/** One loss function for training, validation and measuring, on batches of any kind. */
import { describe, expect, it } from 'vitest';
import type { Backend } from '../../src/backends/backend.js';
import type { Batches, BatchOptions } from '../../src/data/batches.js';
import { Dataset } from '../../src/data/dataset.js';
import { Linear } from '../../src/nn/linear.js';
import { Module } from '../../src/nn/module.js';
import { add } from '../../src/ops/add.js';
import { crossEntropy } from '../../src/ops/crossEntropy.js';
import { mul } from '../../src/ops/mul.js';
import { SGD } from '../../src/optim/sgd.js';
import { parameter, type Tensor, tensor } from '../../src/tensor.js';
import { evaluateLoss } from '../../src/train/evaluateLoss.js';
import { fit } from '../../src/train/fit.js';
import { allDevices } from '../support/devices.js';

/** Pairs of numbers, of which a model of one number must predict the second from the first. */
class Pairs implements Batches<{ rows: number; a: Tensor; b: Tensor }> {
  constructor(
    readonly device: Backend,
    readonly pairs: readonly (readonly [number, number])[],
  ) {}

  get length(): number {
    return this.pairs.length;
  }

  batchCount({ epochs = 1, skip = 0 }: BatchOptions): number {
    return epochs * this.length - skip;
  }

  *batches(options: BatchOptions) {
    const a = tensor(this.device, [0], [1]);
    const b = tensor(this.device, [0], [1]);
    const count = this.batchCount({ ...options, skip: 0 });
    for (let i = options.skip ?? 0; i < count; i++) {
      const [first, second] = this.pairs[i % this.length];
      a.write([first]);
      b.write([second]);
      // The second pair counts three times.
      yield { rows: i % this.length === 1 ? 3 : 1, a, b };
    }
    a.dispose();
    b.dispose();
  }

  async digest(): Promise<string> {
    return JSON.stringify(this.pairs);
  }
}

/** A module that is not a layer. */
class Factor extends Module {
  readonly factor: Tensor;

  constructor(device: Backend) {
    super();
    this.factor = parameter(device, [0.5], [1]);
  }
}

const squared = (model: Factor, { a, b }: { a: Tensor; b: Tensor }) => {
  const difference = add(mul(a, model.factor), b, { alpha: -1 });
  return mul(difference, difference);
};

describe.each(await allDevices())('a loss of the caller on %s', (_, device) => {
  it('is trained and validated, for batches and modules of any kind', async () => {
    const data = new Pairs(device, [
      [1, 2],
      [2, 4],
      [3, 6],
    ]);
    const model = new Factor(device);
    const losses: number[] = [];
    const { best, repeated } = await fit(model, data, {
      optimizer: new SGD(model.parameters(), { learningRate: 0.02 }),
      loss: squared,
      epochs: 30,
      validation: {
        data,
        every: 30,
        onValidation: ({ loss, accuracy }) => {
          losses.push(loss);
          expect(accuracy).toBeUndefined();
        },
      },
    });
    expect(losses).toHaveLength(3);
    const [factor] = await model.factor.read();
    expect(factor).toBeCloseTo(2, 3);
    // Mean of (f·a − b)², the second pair three times.
    const mean = ((factor - 2) ** 2 + 3 * (2 * factor - 4) ** 2 + (3 * factor - 6) ** 2) / 5;
    expect(best?.loss).toBeCloseTo(mean, 6);
    expect(await evaluateLoss(model, data, { loss: squared })).toBeCloseTo(mean, 6);
    if (device.recorder) expect(repeated).toBeGreaterThan(80);
  });

  it('decides when training stops early, regardless of the cross-entropy', async () => {
    const pixels = Uint8Array.from({ length: 40 }, (__, i) => 6 * i);
    const labels = Uint8Array.from({ length: 10 }, (__, i) => i % 2);
    const data = Dataset.fromBytes(device, pixels, labels, { features: 4, classes: 2, mean: 0, std: 1 });
    const model = new Linear(device, 4, 2);
    const worse = parameter(device, [1], []);
    // Training lowers its loss, and each validation finds a higher one.
    let rise = 0;
    const { best, iterations } = await fit(model, data, {
      optimizer: new SGD(model.parameters(), { learningRate: 0.1 }),
      loss: (net, { x, y }) => {
        const loss = crossEntropy(net.forward(x), y);
        if (loss.requiresGrad) return loss;
        worse.write([++rise]);
        return add(mul(loss, loss), worse);
      },
      epochs: 50,
      validation: { data, every: 1, patience: 3 },
    });
    expect(best?.iteration).toBe(1);
    expect(iterations).toBe(4);
  });

  it('must be given for data that are not a Dataset, and the data must give batches', async () => {
    const model = new Factor(device);
    const optimizer = new SGD(model.parameters());
    const data = new Pairs(device, [[1, 2]]);
    await expect(fit(model, data, { optimizer })).rejects.toThrow(
      'fit: loss must be given for batches that do not come from a Dataset: (model, batch) => Tensor',
    );
    await expect(fit(model, {} as Pairs, { optimizer, loss: squared })).rejects.toThrow(
      'fit: data must be a Dataset, or have batches, batchCount, digest: got object',
    );
    await expect(evaluateLoss(model, new Pairs(device, []), { loss: squared })).rejects.toThrow(
      'evaluateLoss: the data have no batches',
    );
    await expect(evaluateLoss(model, data, { loss: () => 3 as never })).rejects.toThrow(
      'evaluateLoss: loss must return a tensor: got 3',
    );
  });
});
