/** Results that a training step computes without a gradient are freed with it, and the step is repeated. */
import { describe, expect, it } from 'vitest';
import { noGrad } from '../../src/autograd/record.js';
import type { Backend } from '../../src/backends/backend.js';
import { Dataset } from '../../src/data/dataset.js';
import { applyLora } from '../../src/lora/applyLora.js';
import type { LoraConfig } from '../../src/lora/config.js';
import { Embedding } from '../../src/nn/embedding.js';
import { Linear } from '../../src/nn/linear.js';
import { Layer } from '../../src/nn/module.js';
import { crossEntropy } from '../../src/ops/crossEntropy.js';
import { mul } from '../../src/ops/mul.js';
import { relu } from '../../src/ops/relu.js';
import { scaleRows } from '../../src/ops/scale.js';
import { Adam } from '../../src/optim/adam.js';
import { parameter, type Tensor, tensor } from '../../src/tensor.js';
import { type FitOptions, fit } from '../../src/train/fit.js';
import { allDevices } from '../support/devices.js';
import { ofLogits } from '../support/ofLogits.js';

const [FEATURES, CLASSES, ROWS] = [12, 4, 30];

class Net extends Layer {
  linear1: Layer;
  linear2: Layer;
  linear3: Layer;

  constructor(device: Backend) {
    super();
    this.linear1 = new Linear(device, FEATURES, 16);
    this.linear2 = new Linear(device, 16, 16);
    this.linear3 = new Linear(device, 16, CLASSES);
  }

  forward(x: Tensor): Tensor {
    return this.linear3.forward(relu(this.linear2.forward(relu(this.linear1.forward(x)))));
  }
}

/** All but the last layer computed without a graph, in a way that is the caller's. */
class Prefixed extends Net {
  constructor(
    device: Backend,
    readonly wrap: (body: () => Tensor) => Tensor = (body) => body(),
  ) {
    super(device);
    this.linear1.requiresGrad(false);
    this.linear2.requiresGrad(false);
  }

  override forward(x: Tensor): Tensor {
    const hidden = this.wrap(() => relu(this.linear2.forward(relu(this.linear1.forward(x)))));
    return this.linear3.forward(hidden);
  }
}

class Embedded extends Layer {
  embedding: Layer;
  linear: Layer;
  readonly #indices: Tensor;

  constructor(device: Backend, rows: number) {
    super();
    this.embedding = new Embedding(device, 20, FEATURES).requiresGrad(false);
    this.linear = new Linear(device, FEATURES, CLASSES);
    this.#indices = tensor(
      device,
      Int32Array.from({ length: rows }, (_, i) => i % 20),
      [rows],
      'i32',
    );
    this.nonPersistent.add(this.#indices);
  }

  forward(x: Tensor): Tensor {
    return this.linear.forward(relu(mul(this.embedding.forward(this.#indices), relu(x))));
  }
}

const lora = (config: LoraConfig) => (device: Backend) => {
  const model = new Net(device);
  // The awaited value is not used: nothing is read from the weights.
  void applyLora(model, { rank: 2, ...config });
  return model;
};

const plain = (device: Backend): Layer => new Net(device);
let metric: Tensor | undefined;
const withMetric =
  (compute: (logits: Tensor, loss: Tensor) => Tensor): NonNullable<FitOptions['loss']> =>
  (model, { x, y }) => {
    const logits = model.forward(x);
    const loss = crossEntropy(logits, y);
    metric = compute(logits, loss);
    return loss;
  };

const CASES: Record<string, [(device: Backend) => Layer, Partial<FitOptions>?]> = {
  'LoRA with dropout on a first layer': [lora({ dropout: 0.1, targetModules: ['linear1'] })],
  'LoRA with dropout on all layers': [lora({ dropout: 0.1 })],
  'LoRA on the last layer only': [lora({ targetModules: ['linear3'] })],
  'LoRA with dropout as a parametrization': [lora({ method: 'parametrization' })],
  'DoRA with dropout': [lora({ useDora: true, dropout: 0.1 })],
  'DoRA on the last layer': [lora({ useDora: true, targetModules: ['linear3'] })],
  'modules to save': [lora({ targetModules: ['linear1'], dropout: 0.1, modulesToSave: ['linear3'] })],
  'biases of all layers': [lora({ targetModules: ['linear1'], dropout: 0.1, bias: 'all', loraBias: true })],
  'a frozen prefix': [(device) => new Prefixed(device)],
  'a frozen prefix in noGrad': [(device) => new Prefixed(device, noGrad)],
  'a frozen embedding': [(device) => new Embedded(device, 10)],
  'a metric with a graph': [plain, { loss: withMetric((logits) => mul(logits, logits)) }],
  'a metric of the loss': [plain, { loss: withMetric((_, loss) => relu(relu(loss))) }],
  'a metric in noGrad': [plain, { loss: withMetric((logits) => noGrad(() => mul(logits, logits))) }],
  'a metric of frozen values': [
    (device) => new Prefixed(device),
    { loss: withMetric((logits) => relu(logits)) },
  ],
};

/** The memory in use after a step, while the step's own results are readable. */
const use = ({ liveBytes, liveStorages }: ReturnType<Backend['memory']>) => `${liveBytes} in ${liveStorages}`;

describe.each(await allDevices())('a step of training on %s', (name, device) => {
  const STEPS = name === 'webgpu' ? 20 : 100;
  const bytes = Uint8Array.from({ length: ROWS * FEATURES }, (_, i) => (i * 37) % 256);
  const labels = Uint8Array.from({ length: ROWS }, (_, i) => i % CLASSES);
  const data = Dataset.fromBytes(device, bytes, labels, {
    features: FEATURES,
    classes: CLASSES,
    mean: 0.5,
    std: 0.5,
  });
  const options = { epochs: STEPS, limit: STEPS, dropLast: true };

  it.each(Object.entries(CASES))('is flat and is repeated: %s', async (_, [build, extra]) => {
    const before = device.memory();
    const model = build(device);
    const optimizer = new Adam(model.parameters());
    const uses: string[] = [];
    const reads: Promise<unknown>[] = [];
    const onStep = () => {
      uses.push(use(device.memory()));
      if (metric && !metric.isReleased && uses.length < 3) reads.push(metric.read());
    };
    const { repeated } = await fit(model, data, { optimizer, ...options, onStep, ...extra });
    await Promise.all(reads);
    // Without waiting for the garbage collector.
    expect(new Set(uses.slice(2))).toEqual(new Set([uses[2]]));
    expect(repeated).toBe(device.recorder ? STEPS - 2 : 0);
    optimizer.dispose();
    model.dispose();
    // A step's result stays readable, and the graph that follows frees it.
    expect(device.memory().liveBytes).toBeLessThanOrEqual(before.liveBytes);
    metric = undefined;
  });

  it.each(['accumulate', 'validation', 'no recording'])('is flat with %s', async (what) => {
    const model = lora({ dropout: 0.1, targetModules: ['linear1'] })(device);
    const optimizer = new Adam(model.parameters());
    const uses: string[] = [];
    const extra = {
      accumulate: { accumulate: 3 },
      validation: { validation: { data, every: 2 } },
      'no recording': { record: false },
    }[what];
    const onStep = () => void uses.push(use(device.memory()));
    const limited = { optimizer, epochs: 100, limit: 30, dropLast: true, onStep };
    await fit(model, data, { ...limited, ...extra, loss: withMetric((logits) => relu(logits)) });
    expect(uses.length).toBe(30);
    expect(new Set(uses.slice(2))).toEqual(new Set([uses[2]]));
    optimizer.dispose();
    model.dispose();
  });

  const x = tensor(
    device,
    Float32Array.from({ length: 10 * FEATURES }, (_, i) => Math.sin(i)),
    [10, FEATURES],
  );
  const y = tensor(
    device,
    Int32Array.from({ length: 10 }, (_, i) => i % CLASSES),
    [10],
    'i32',
  );
  const LOOPS: Record<string, (step: () => Tensor, optimizer: Adam) => void> = {
    'zeroGrad first': (step, optimizer) => {
      optimizer.zeroGrad();
      step().backward();
      optimizer.step();
    },
    'zeroGrad before backward': (step, optimizer) => {
      const loss = step();
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
    },
    'zeroGrad last': (step, optimizer) => {
      step().backward();
      optimizer.step();
      optimizer.zeroGrad();
    },
    'two batches a step': (step, optimizer) => {
      optimizer.zeroGrad();
      const loss = step();
      step().backward();
      loss.backward();
      step().backward();
      optimizer.step();
    },
  };
  const HAND_CASES = Object.entries(CASES).filter(([what]) => !/in noGrad/.test(what));

  describe.each(Object.entries(LOOPS))('computed by hand, %s', (_, loop) => {
    it.each(HAND_CASES)('is flat without a turn of the event loop: %s', (__, [build, extra]) => {
      const model = build(device);
      const optimizer = new Adam(model.parameters());
      const loss = extra?.loss ?? ofLogits(crossEntropy);
      const uses: string[] = [];
      for (let i = 0; i < 12; i++) {
        loop(() => loss(model, { x, y, rows: y.length }), optimizer);
        uses.push(use(device.memory()));
      }
      expect(new Set(uses.slice(2))).toEqual(new Set([uses[2]]));
      optimizer.dispose();
      model.dispose();
    });
  });

  it('frees by hand what noGrad returned for it, but nothing from before the loop', async () => {
    const model = new Prefixed(device, noGrad);
    const optimizer = new Adam(model.parameters());
    const features = [noGrad(() => relu(x)), relu(x)];
    const uses: string[] = [];
    for (let i = 0; i < 10; i++) {
      optimizer.zeroGrad();
      const [masked, again] = features.map((each) => mul(x, each));
      crossEntropy(model.forward(mul(masked, again)), y).backward();
      optimizer.step();
      uses.push(use(device.memory()));
    }
    expect(new Set(uses.slice(2))).toEqual(new Set([uses[2]]));
    expect(await features[0].read()).toEqual(await features[1].read());
    for (const each of [model, optimizer, ...features]) each.dispose();
  });

  it('frees tensors that two graphs read with the second, and results of both before the next', () => {
    const weight = parameter(device, new Float32Array(10 * FEATURES).fill(2), x.shape);
    const source = relu(x);
    const shared = relu(source);
    const [first, second] = [mul(weight, shared), mul(weight, shared)];
    const joined = mul(first, second);
    first.backward(x);
    expect([source, shared].map(({ isReleased }) => isReleased)).toEqual([false, false]);
    second.backward(x);
    for (const each of [source, shared]) {
      expect(() => each.storage).toThrow(
        'tensor [10,12]: its memory was released by backward() of a graph that read it: keep() it to use it again',
      );
    }
    expect(joined.isReleased).toBe(false);
    mul(weight, x).backward(x);
    expect(() => joined.storage).toThrow('released by the graph begun after its backward(): read it before');
    weight.dispose();
  });

  it('keeps the factors that scaleRows reads for as long as it needs them', async () => {
    const weight = parameter(device, [1, 2, 3, 4], [2, 2]);
    const factors = relu(tensor(device, [2, 3], [2]));
    const out = scaleRows(weight, factors);
    const other = mul(
      weight,
      noGrad(() => relu(weight)),
    );
    other.backward(tensor(device, [1, 1, 1, 1], [2, 2]));
    expect(factors.isReleased).toBe(false);
    weight.zeroGrad();
    out.backward(tensor(device, [1, 1, 1, 1], [2, 2]));
    expect(Array.from((await weight.grad?.read()) ?? [])).toEqual([2, 2, 3, 3]);
    expect(factors.isReleased).toBe(true);
  });

  it('reports the remedy for a tensor that is used after its step, and keeps it where that is done', async () => {
    const data10 = data.take(10);
    for (const keep of [false, true]) {
      const kept: Tensor[] = [];
      const loss = ofLogits((logits, targets) => {
        const made = [relu(x), noGrad(() => relu(logits)), mul(logits, logits), relu(relu(logits))];
        kept.push(...made.map((each) => (keep ? each.keep() : each)));
        return crossEntropy(mul(relu(logits), kept[3]), targets);
      });
      const model = new Net(device);
      const optimizer = new Adam(model.parameters());
      const training = fit(model, data10, { optimizer, epochs: 5, loss });
      if (keep) {
        await training;
        expect(kept.length).toBe(20);
        for (const each of kept) expect((await each.read()).every(Number.isFinite)).toBe(true);
        for (const each of kept) each.dispose();
      } else {
        // Its memory may serve others by now: it is an error, not a number.
        await expect(training).rejects.toThrow(/^tensor \[10,4\]: its memory was released by /);
        for (const each of kept) expect(() => each.storage).toThrow('its memory was released by ');
        expect(() => kept[0].storage).toThrow(
          'released by the training step that made it: keep() it to use it in a later one',
        );
      }
      optimizer.dispose();
      model.dispose();
    }
  });
});
