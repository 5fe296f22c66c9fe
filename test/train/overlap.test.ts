/** Training runs and evaluations at the same time: the oracle is the same calls one after another. */
import { describe, expect, it } from 'vitest';
import type { HostArray, Storage } from '../../src/backends/backend.js';
import { ReferenceBackend } from '../../src/backends/reference/index.js';
import { Random } from '../../src/base/random.js';
import { Dataset } from '../../src/data/dataset.js';
import { saveAdapter } from '../../src/lora/adapterFile.js';
import { applyLora } from '../../src/lora/applyLora.js';
import { Dropout } from '../../src/nn/dropout.js';
import { Linear } from '../../src/nn/linear.js';
import type { Module, StateDict } from '../../src/nn/module.js';
import { registerParametrization, removeParametrizations } from '../../src/nn/parametrization.js';
import { ReLU } from '../../src/nn/relu.js';
import { Sequential } from '../../src/nn/sequential.js';
import { Adam } from '../../src/optim/adam.js';
import { SGD } from '../../src/optim/sgd.js';
import { type Evaluation, evaluate } from '../../src/train/evaluate.js';
import { type FitOptions, fit } from '../../src/train/fit.js';
import { wasm } from '../support/devices.js';

const FEATURES = 12;
const CLASSES = 4;
const ITERATIONS = 12;

/** A device like a GPU: reads arrive later, with the losses of several steps at once. */
class LateBackend extends ReferenceBackend {
  override readonly stepsPerRead = 3;

  override async read(storage: Storage): Promise<HostArray> {
    const values = await super.read(storage);
    await new Promise((resolve) => setTimeout(resolve, 1));
    return values;
  }
}

const devices = [
  ['reference', new ReferenceBackend()],
  ['wasm', await wasm()],
  ['a device that answers late', new LateBackend()],
] as const;

const text = (state: StateDict) =>
  Array.from(state, ([name, { data }]) => `${name} ${Array.from(data).join()}`).join('\n');
const bits = async (model: Module) => text(await model.stateDict());
const modes = (model: Module) => Array.from(model.namedModules(), ([, { training }]) => training);

describe.each(devices)('at the same time, on %s', (_, device) => {
  const random = new Random(3);
  const bytes = (count: number, below: number) =>
    Uint8Array.from({ length: count }, () => Math.floor(random.uniform() * below));
  const made = (count: number) =>
    Dataset.fromBytes(device, bytes(count * FEATURES, 256), bytes(count, CLASSES), {
      ...{ features: FEATURES, classes: CLASSES, mean: 0.5, std: 0.5 },
    });
  const data = made(50);
  const other = made(23);

  /** A model with its own dropout, and dropout in the adapter. */
  async function build(seed = 1) {
    const from = new Random(seed);
    const model = new Sequential(
      new Linear(device, FEATURES, 16, { random: from }),
      new Dropout(device, 0.4, seed),
      new ReLU(),
      new Linear(device, 16, CLASSES, { random: from }),
    );
    await applyLora(model, { rank: 2, alpha: 4, dropout: 0.3, bias: 'all', seed });
    const optimizer = new Adam(model.parameters(), { learningRate: 0.05 });
    return { model, optimizer };
  }

  const options = { batchSize: 5, epochs: 2, limit: ITERATIONS } as const;

  async function trained(change: Partial<FitOptions> = {}, seed = 1) {
    const { model, optimizer } = await build(seed);
    await fit(model, data, { optimizer, ...options, ...change });
    return { model, optimizer, bits: await bits(model) };
  }

  it('trains to the same bits during evaluations, each of the weights of one moment', async () => {
    const alone: Evaluation[] = [];
    for (let limit = 1; limit <= ITERATIONS; limit++) {
      alone.push(await evaluate((await trained({ limit })).model, other, { batchSize: 7 }));
    }
    const { bits: expected } = await trained();
    const { model, optimizer } = await build();
    const ask = () => evaluate(model, other, { batchSize: 7 });
    const before = await ask();
    const asked: Promise<Evaluation>[] = [];
    const first = ask();
    const training = fit(model, data, { optimizer, ...options, onStep: () => void asked.push(ask()) });
    expect(await first).toEqual(before);
    await training;
    expect(await bits(model)).toBe(expected);
    expect(await Promise.all(asked)).toHaveLength(ITERATIONS);
    // Where the losses of several steps are read at once, onStep is called for them after the last.
    if (device.stepsPerRead === 1) expect(await Promise.all(asked)).toEqual(alone);
    else expect(await asked.at(-1)).toEqual(alone.at(-1));
  });

  it('trains to the same bits from a timer or a callback, and in every mode', async () => {
    const validation = { data: other, every: 3 };
    const { bits: expected } = await trained();
    const { model, optimizer } = await build();
    const asked: Promise<unknown>[] = [];
    const ask = () => {
      asked.push(evaluate(model, other, { batchSize: 3 }), model.stateDict(), optimizer.stateDict());
    };
    const timer = setInterval(ask, 1);
    const meddle = () => {
      ask();
      if (asked.length % 2 === 0) model.eval();
      else model.train();
    };
    await fit(model, data, {
      ...{ optimizer, ...options, onStep: meddle, checkpoint: { dir: new Map(), every: 2 } },
      validation: { ...validation, onValidation: meddle },
    });
    clearInterval(timer);
    await Promise.all(asked);
    expect(await bits(model)).toBe(expected);
  });

  it('takes snapshots between two iterations', async () => {
    const snapshots: Promise<readonly [string, string, string]>[] = [];
    const { model, optimizer } = await build();
    const snapshot = async (of: typeof model, by: typeof optimizer) => {
      const files = new Map<string, Uint8Array>();
      const parts = [of.stateDict(), by.stateDict(), saveAdapter(of, files)] as const;
      const [weights, state] = await Promise.all(parts);
      return [text(weights), text(state), Array.from(files.values(), String).join('\n')] as const;
    };
    const training = fit(model, data, {
      ...{ optimizer, ...options },
      onStep: () => void snapshots.push(snapshot(model, optimizer)),
    });
    let isOver = false;
    // In every turn of the microtasks, also in the middle of an iteration.
    const torn: Promise<readonly [string, string, string]>[] = [];
    const keepAsking = (async () => {
      while (!isOver && torn.length < 200) {
        torn.push(snapshot(model, optimizer));
        await Promise.resolve();
      }
    })();
    await training;
    isOver = true;
    await keepAsking;
    const whole = new Set<string>();
    for (let limit = 0; limit <= ITERATIONS; limit++) {
      const of = limit === 0 ? await build() : await trained({ limit });
      whole.add((await snapshot(of.model, of.optimizer)).join('\n\n'));
    }
    for (const each of [...snapshots, ...torn]) expect(whole.has((await each).join('\n\n'))).toBe(true);
  });

  it.each([
    {},
    { accumulate: 2 },
    { record: false },
    { clipNorm: 0.1, schedule: { kind: 'cosine', warmup: 2 } },
  ] as const)('trains two models at once as one after another: %j', async (change) => {
    const validation = { data, every: 2, patience: 5 };
    const expected = [await trained({ ...change, validation }, 1), await trained(change, 2)];
    const both = await Promise.all([trained({ ...change, validation }, 1), trained(change, 2)]);
    expect(both.map((each) => each.bits)).toEqual(expected.map((each) => each.bits));
  });

  it('refuses a second training run of the model, of a part of it, or with the optimizer', async () => {
    const { bits: expected } = await trained();
    const { model, optimizer } = await build();
    const [second, third] = [await build(2), await build(3)];
    const sgd = new SGD(model.modules[0].parameters());
    // The optimizer owns the state that it moved.
    const own = new Adam(model.parameters(), { learningRate: 0.05 });
    const training = fit(model, data, { optimizer: own, ...options });
    const message = 'fit: the model or the optimizer is in use by fit: wait until that has ended';
    for (const [of, by] of [
      [model, second.optimizer],
      [model.modules[0], sgd],
      [new Sequential(model), third.optimizer],
      [second.model, own],
    ] as const) {
      await expect(fit(of, data, { optimizer: by, ...options })).rejects.toThrow(message);
    }
    // It would take the parameters away from the one that is in use.
    const another = () => new Adam(model.parameters());
    expect(another).toThrow('Adam: a parameter is in use by fit: wait until that has ended');
    await training;
    expect(await bits(model)).toBe(expected);
    expect(another).not.toThrow();
    own.dispose();
    optimizer.dispose();
    await fit(model, data, { optimizer: another(), ...options });
  });

  it('refuses to move, free, freeze or replace what is trained, until that has ended or failed', async () => {
    const { model, optimizer } = await build();
    const linear = new Linear(device, 16, 16);
    registerParametrization(linear, 'weight', new ReLU());
    model.replaceChild('2', new Sequential(linear, new ReLU()));
    const saved = await model.stateDict();
    const refusals: Promise<string>[] = [];
    const message = (call: () => unknown) =>
      (async () => call())().then(
        () => 'done',
        (error: Error) => error.message,
      );
    const calls = {
      'dispose: the model': () => model.dispose(),
      'dispose: the model ': () => model.modules[0].dispose(),
      'dispose: the optimizer': () => optimizer.dispose(),
      'to: the model': () => model.to(device),
      'to: the optimizer': () => optimizer.to(device),
      'requiresGrad: the model': () => model.requiresGrad(false),
      'loadStateDict: the model': () => model.loadStateDict(saved),
      'replaceChild: the model': () => model.replaceChild('1', new ReLU()),
      'registerParametrization: the module': () => registerParametrization(linear, 'weight', new ReLU()),
      'removeParametrizations: the module': () => removeParametrizations(linear, 'weight'),
    };
    const onStep = () => {
      for (const call of Object.values(calls)) refusals.push(message(call));
      throw new Error('enough');
    };
    await expect(fit(model, data, { optimizer, ...options, onStep })).rejects.toThrow('enough');
    expect(await Promise.all(refusals)).toEqual(
      Object.keys(calls).map((name) => `${name.trim()} is in use by fit: wait until that has ended`),
    );
    const { requiresGrad } = model.parameters()[0];
    await optimizer.to(await Promise.resolve(device));
    await model.to(device);
    model.loadStateDict(saved);
    expect(model.parameters()[0].requiresGrad).toBe(requiresGrad);
    optimizer.dispose();
    model.dispose();
  });

  it('moves model and optimizer at the same time', async () => {
    const target = new ReferenceBackend();
    const { model, optimizer } = await build();
    const expected = await bits(model);
    const asked = evaluate(model, other, { batchSize: 3 });
    await Promise.all([model.to(target), optimizer.to(target), model.to(target)]);
    await asked;
    expect(await bits(model)).toBe(expected);
    expect(model.parameters().every((parameter) => parameter.device === target)).toBe(true);
    const images = Dataset.fromBytes(target, bytes(50 * FEATURES, 256), bytes(50, CLASSES), data);
    await fit(model, images, { optimizer, ...options });
  });

  it('keeps a module in evaluation mode, while training and afterwards', async () => {
    const set = async (change: (model: Sequential) => void) => {
      const { model, optimizer } = await build();
      change(model);
      const before = modes(model);
      await evaluate(model, other);
      await fit(model, data, { optimizer, ...options, validation: { data: other, every: 5 } });
      expect(modes(model)).toEqual(before);
      return bits(model);
    };
    const all = await set(() => {});
    expect(await set((model) => model.eval())).toBe(all);
    const frozen = await set((model) => model.modules[1].eval());
    expect(frozen).not.toBe(all);
    const { model, optimizer } = await build();
    const failing = () => {
      throw new Error('inside');
    };
    model.modules[1].eval();
    const before = modes(model);
    await expect(evaluate(model, other, { onBatch: failing })).rejects.toThrow('inside');
    await expect(fit(model, data, { optimizer, ...options, loss: failing })).rejects.toThrow('inside');
    expect(modes(model)).toEqual(before);
    expect((await evaluate(model, other)).correct).toHaveLength(CLASSES);
  });

  it('multiplies a schedule to the factor of the optimizer, which stays as it is', async () => {
    const schedule = { kind: 'linear' } as const;
    const run = async (factor: number, learningRate: number, change: Partial<FitOptions> = {}) => {
      const { model, optimizer } = await build();
      const seen = new Set<number>();
      optimizer.learningRate = learningRate;
      optimizer.learningRateFactor = factor;
      const onStep = () => void seen.add(optimizer.learningRateFactor);
      await fit(model, data, { optimizer, ...options, onStep, ...change });
      expect([...seen, optimizer.learningRateFactor]).toEqual([factor, factor]);
      return bits(model);
    };
    expect(await run(0.5, 0.125)).toBe(await run(1, 0.0625));
    expect(await run(0.5, 0.125, { schedule })).toBe(await run(1, 0.0625, { schedule }));
    const { model, optimizer } = await build();
    optimizer.learningRateFactor = 0.5;
    const loss = () => {
      throw new Error('inside');
    };
    const warmup = { kind: 'linear', warmup: 2 } as const;
    await expect(fit(model, data, { optimizer, ...options, schedule: warmup, loss })).rejects.toThrow(
      'inside',
    );
    expect([optimizer.learningRateFactor, optimizer.scheduleFactor]).toEqual([0.5, 1]);
  });

  it('goes through one dataset several times at once', async () => {
    const order = (seed: number) => data.batches({ batchSize: 7, random: new Random(seed), epochs: 2 });
    const alone: string[][] = [];
    for (const seed of [1, 2]) {
      const seen: string[] = [];
      for (const { x, y } of order(seed)) seen.push(`${await y.read()} ${await x.read()}`);
      alone.push(seen);
    }
    const together: string[][] = [[], []];
    const [a, b] = [order(1), order(2)];
    for (let i = 0; i < alone[0].length; i++) {
      const batches = [a.next().value, b.next().value];
      for (const [j, batch] of batches.entries()) {
        if (batch) together[j].push(`${await batch.y.read()} ${await batch.x.read()}`);
      }
    }
    expect(together).toEqual(alone);
    const { model, optimizer } = await build();
    await fit(model, data, { optimizer, ...options, validation: { data, every: 1 } });
    expect(await bits(model)).toBe((await trained()).bits);
  });
});
