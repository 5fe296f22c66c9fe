/** Checkpoints of runs that differ in one thing: each is refused with the name of the difference, and nothing changes. */
import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { Dataset } from '../../src/data/dataset.js';
import { setAdapterScale } from '../../src/lora/adapters.js';
import { applyLora } from '../../src/lora/applyLora.js';
import type { LoraConfig } from '../../src/lora/config.js';
import { Dropout } from '../../src/nn/dropout.js';
import { Linear } from '../../src/nn/linear.js';
import type { Module } from '../../src/nn/module.js';
import { Sequential } from '../../src/nn/sequential.js';
import { Adam, AdamW } from '../../src/optim/adam.js';
import type { Optimizer } from '../../src/optim/optimizer.js';
import { SGD } from '../../src/optim/sgd.js';
import { type FitOptions, fit } from '../../src/train/fit.js';
import { wasm } from '../support/devices.js';

const device = await wasm();

/** 30 examples of 4 bytes with labels 0 to 2; `change` is a byte that differs. */
function dataset({ change = -1, label = -1, mean = 0.5 } = {}): Dataset {
  const images = Uint8Array.from({ length: 120 }, (_, i) => (i * 37 + (i === change ? 1 : 0)) % 256);
  const labels = Uint8Array.from({ length: 30 }, (_, i) => (i + (i === label ? 1 : 0)) % 3);
  return Dataset.fromBytes(device, images, labels, { features: 4, classes: 3, mean, std: 0.3 });
}

interface Setup {
  readonly data?: Dataset;
  readonly seed?: number;
  readonly probability?: number;
  readonly lora?: LoraConfig;
  readonly optimizer?: (model: Module) => Optimizer;
  readonly change?: (model: Module) => void;
  readonly fit?: Partial<FitOptions>;
}

async function make({ seed = 1, probability = 0.1, lora, optimizer, change }: Setup) {
  const random = new Random(seed);
  const model = new Sequential(
    new Linear(device, 4, 5, { random }),
    new Dropout(device, probability),
    new Linear(device, 5, 3, { random }),
  );
  await applyLora(model, { rank: 2, alpha: 4, ...lora });
  change?.(model);
  return { model, optimizer: optimizer?.(model) ?? new Adam(model.parameters()) };
}

async function train(setup: Setup, dir: Map<string, Uint8Array>, resume: boolean) {
  const made = await make(setup);
  const checkpoint = { dir, every: 4, resume };
  const values = async () =>
    JSON.stringify([...(await made.model.stateDict()).values()].map(({ data }) => [...data]));
  const before = await values();
  const optimizer = made.optimizer;
  const options = { optimizer, batchSize: 5, epochs: 2, checkpoint, ...setup.fit };
  const done = fit(made.model, setup.data ?? dataset(), options);
  return done.then(
    ({ iterations }) => ({ iterations, message: '', unchanged: false }),
    async (error: unknown) => ({ error, unchanged: (await values()) === before, message: String(error) }),
  );
}

const adam = (options: object) => (model: Module) => new Adam(model.parameters(), options);
const sgd = (options: object) => (model: Module) => new SGD(model.parameters(), options);
const groups = (learningRate: number) => (model: Module) => {
  const [first, ...others] = model.parameters().filter(({ requiresGrad }) => requiresGrad);
  return new Adam([{ parameters: [first], learningRate }, { parameters: others }]);
};
const validation = (data: Dataset, more = {}) => ({ fit: { validation: { data, every: 3, ...more } } });
const FROZEN = '0.base.weight';
function changeFrozen(model: Module): void {
  const weight = new Map(model.namedParameters()).get(FROZEN);
  weight?.write(Float32Array.from({ length: 20 }, (_, i) => i / 7));
}

describe('a checkpoint of another run', () => {
  it.each<[string, Setup, Setup, RegExp]>([
    ['an image', {}, { data: dataset({ change: 77 }) }, /: the data differs: SHA-256 was [0-9a-f]{12}…, is/],
    ['a label', {}, { data: dataset({ label: 4 }) }, /: the data differs/],
    ['the mean of the data', {}, { data: dataset({ mean: 0.4 }) }, /: the data differs/],
    ['the order of the data', {}, { data: reordered() }, /: the data differs/],
    ['base weights', {}, { seed: 2 }, new RegExp(`: the frozen ${FROZEN} differs: SHA-256 .*the frozen 2`)],
    [
      'one base weight',
      {},
      { change: changeFrozen },
      new RegExp(`the frozen ${FROZEN} differs: SHA-256 [^;]*$`),
    ],
    ['alpha', {}, { lora: { alpha: 8 } }, /: alpha of the adapter was 4, is 8$/],
    [
      'alpha of a layer',
      {},
      { lora: { alphaPattern: { '0': 8 } } },
      /alpha of the adapter at 0 was absent, is 8/,
    ],
    ['rsLoRA', {}, { lora: { useRslora: true } }, /useRslora of the adapter was false, is true/],
    [
      'the method',
      {},
      { lora: { method: 'parametrization' } },
      /method of the adapter was layer, is parametrization/,
    ],
    ["the adapter's seed", {}, { lora: { seed: 3 } }, /seed of the adapter was 0, is 3/],
    [
      "the adapter's dropout",
      { lora: { dropout: 0.1 } },
      { lora: { dropout: 0.2 } },
      /dropout of the adapter was 0\.1, is 0\.2/,
    ],
    [
      "an adapter's scale",
      {},
      { change: (model) => setAdapterScale(model, 'default', 2) },
      /scale of the adapter at 0 was absent, is 2/,
    ],
    ["a module's dropout", {}, { probability: 0.2 }, /: dropout at 1 was 0\.1, is 0\.2$/],
    [
      'the learning rate',
      {},
      { optimizer: adam({ learningRate: 0.01 }) },
      /: learningRate was 0\.001, is 0\.01$/,
    ],
    [
      'learning-rate factor',
      {},
      {
        optimizer: (model: Module) => Object.assign(adam({})(model), { learningRateFactor: 0.5 }),
      },
      /: learningRateFactor was 1, is 0\.5$/,
    ],
    ['beta1', {}, { optimizer: adam({ beta1: 0.8 }) }, /: beta1 was 0\.9, is 0\.8$/],
    ['beta2', {}, { optimizer: adam({ beta2: 0.99 }) }, /: beta2 was 0\.999, is 0\.99$/],
    ['eps', {}, { optimizer: adam({ eps: 1e-6 }) }, /: eps was 1e-8, is 0\.000001$/],
    ['weight decay', {}, { optimizer: adam({ weightDecay: 0.1 }) }, /: weightDecay was 0, is 0\.1$/],
    [
      'decoupled decay',
      {},
      { optimizer: (model) => new AdamW(model.parameters(), { weightDecay: 0 }) },
      /: optimizer was Adam, is AdamW$/,
    ],
    [
      'momentum',
      { optimizer: sgd({ momentum: 0.9 }) },
      { optimizer: sgd({ momentum: 0.8 }) },
      /: momentum was 0\.9, is 0\.8$/,
    ],
    [
      'dampening',
      { optimizer: sgd({ momentum: 0.9 }) },
      { optimizer: sgd({ momentum: 0.9, dampening: 0.1 }) },
      /: dampening was 0, is 0\.1$/,
    ],
    [
      'nesterov',
      { optimizer: sgd({ momentum: 0.9 }) },
      { optimizer: sgd({ momentum: 0.9, nesterov: true }) },
      /: nesterov was false, is true$/,
    ],
    [
      "a group's learning rate",
      { optimizer: groups(0.1) },
      { optimizer: groups(0.2) },
      /: learningRate of \S+loraA was 0\.1, is 0\.2$/,
    ],
    [
      'the order of the parameters',
      {},
      { optimizer: (model) => new Adam(model.parameters().reverse()) },
      /: order of the parameters in the optimizer differs/,
    ],
    [
      'the schedule',
      {},
      { fit: { schedule: { kind: 'cosine' } } },
      /: schedule was constant, 0 of warm-up, is cosine/,
    ],
    [
      'the loss',
      {},
      { fit: { loss: (net, { x }) => net.forward(x) } },
      /: loss was crossEntropy, is a function of the caller$/,
    ],
    ['validation', {}, validation(dataset()), /validation\.every was none, is 3/],
    ['its data', validation(dataset()), validation(dataset({ change: 1 })), /: the validation data differs/],
    [
      'its patience',
      validation(dataset()),
      validation(dataset(), { patience: 3 }),
      /: validation\.patience was none, is 3$/,
    ],
    [
      'a setting of the caller',
      { fit: given({ note: 'a', constructor: 1 }) },
      { fit: given({ note: 'b', constructor: 2 }) },
      /: note was a, is b; constructor was 1, is 2$/,
    ],
  ])('is refused for %s', async (_, was, is, message) => {
    const dir = new Map<string, Uint8Array>();
    const settings = (setup: Setup) => ({ ...setup, fit: { ...setup.fit, ...merged(setup, dir) } });
    expect(await train(settings(was), dir, false)).toMatchObject({ iterations: 12 });
    const saved = dir.get('checkpoint.safetensors');
    const again = await train(settings(was), dir, true);
    expect(again).toMatchObject({ iterations: 12 });
    const refused = await train(settings(is), dir, true);
    expect(refused.message).toMatch(/^DataError: checkpoint\.safetensors: is from another run: [^\n]+$/);
    expect(refused.message).toMatch(message);
    expect(refused.unchanged).toBe(true);
    expect(dir.get('checkpoint.safetensors')).toBe(saved);
  });

  it('continues with the same contents in another dataset', async () => {
    const dir = new Map<string, Uint8Array>();
    const whole = dataset().take(20);
    await train({ data: whole, fit: { limit: 3 } }, dir, false);
    const images = Uint8Array.from({ length: 80 }, (_, i) => (i * 37) % 256);
    const labels = Uint8Array.from({ length: 20 }, (_, i) => i % 3);
    const alone = Dataset.fromBytes(device, images, labels, { features: 4, classes: 3, mean: 0.5, std: 0.3 });
    expect(await train({ data: alone, fit: { limit: 3 } }, dir, true)).toMatchObject({ iterations: 3 });
  });

  it('continues in a second call of fit with the same optimizer', async () => {
    const dir = new Map<string, Uint8Array>();
    const { model, optimizer } = await make({});
    await fit(model, dataset(), { optimizer, epochs: 1 });
    await fit(model, dataset(), { optimizer, epochs: 2, limit: 2, checkpoint: { dir, every: 1 } });
    const fresh = await make({});
    const options = {
      optimizer: fresh.optimizer,
      epochs: 2,
      limit: 2,
      checkpoint: { dir, every: 1, resume: true },
    };
    expect(await fit(fresh.model, dataset(), options)).toMatchObject({ iterations: 2 });
    expect(fresh.optimizer.stepCounts).toEqual(optimizer.stepCounts);
  });

  it('lists at most 20 differences', async () => {
    const dir = new Map<string, Uint8Array>();
    const many = (value: number) => ({
      fit: given(Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`s${i}`, value]))),
    });
    const settings = (setup: Setup) => ({ ...setup, fit: merged(setup, dir) });
    await train(settings(many(1)), dir, false);
    const { message } = await train(settings(many(2)), dir, true);
    expect(message.split('; ')).toHaveLength(21);
    expect(message).toMatch(/; and 10 more differences$/);
  });

  it('refuses a setting that JSON cannot hold', async () => {
    const { model, optimizer } = await make({});
    const checkpoint = { dir: new Map(), every: 1, settings: { a: Number.NaN } };
    await expect(fit(model, dataset(), { optimizer, checkpoint })).rejects.toThrow(
      'fit: checkpoint.settings.a must be text, a finite number or a boolean: NaN',
    );
  });
});

/** Marks settings of a checkpoint, which `merged` puts beside its directory. */
function given(settings: Record<string, string | number>): Partial<FitOptions> {
  return { checkpoint: { dir: new Map(), every: 4, settings } };
}

function merged({ fit: options }: Setup, dir: Map<string, Uint8Array>): Partial<FitOptions> {
  const settings = options?.checkpoint?.settings;
  return settings ? { checkpoint: { dir, every: 4, resume: dir.size > 0, settings } } : {};
}

function reordered(): Dataset {
  const all = dataset();
  const order = Int32Array.from({ length: 30 }, (_, i) => (i < 2 ? 1 - i : i));
  return Dataset.join([[all, order]]);
}
