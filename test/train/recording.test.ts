/** Steps that are recorded and repeated: bit for bit those that are computed call by call, whatever the model does. */
import { describe, expect, it } from 'vitest';
import { noGrad } from '../../src/autograd/record.js';
import type { Backend, HostArray } from '../../src/backends/backend.js';
import { WasmBackend } from '../../src/backends/wasm/index.js';
import { loadKernels } from '../../src/backends/wasm/kernels.js';
import { WasmMemory } from '../../src/backends/wasm/memory.js';
import { WasmRunner } from '../../src/backends/wasm/runner.js';
import { Random } from '../../src/base/random.js';
import type { Batches } from '../../src/data/batches.js';
import type { Batch, Dataset } from '../../src/data/dataset.js';
import { applyLora } from '../../src/lora/applyLora.js';
import type { LoraLinear } from '../../src/lora/loraLinear.js';
import { DigitsNet } from '../../src/mnist/digitsNet.js';
import { Linear } from '../../src/nn/linear.js';
import { Layer, type StateDict } from '../../src/nn/module.js';
import { readBinary } from '../../src/node/binary.js';
import { crossEntropy } from '../../src/ops/crossEntropy.js';
import { linearCrossEntropy } from '../../src/ops/linearCrossEntropy.js';
import { matmul } from '../../src/ops/matmul.js';
import { mul } from '../../src/ops/mul.js';
import { relu } from '../../src/ops/relu.js';
import { Adam, AdamW } from '../../src/optim/adam.js';
import type { Optimizer } from '../../src/optim/optimizer.js';
import { SGD } from '../../src/optim/sgd.js';
import { type Tensor, tensor } from '../../src/tensor.js';
import { evaluate } from '../../src/train/evaluate.js';
import { type FitOptions, type FitResult, fit, type StepReport } from '../../src/train/fit.js';
import { reference, wasm } from '../support/devices.js';
import { trainImages } from '../support/mnistData.js';
import { ofLogits } from '../support/ofLogits.js';

type Options = Partial<Omit<FitOptions, 'record' | 'optimizer'>>;

interface Subject {
  readonly model: Layer;
  readonly optimizer: Optimizer;
  /** For `fit`, given the data that it trains on. */
  readonly options?: (data: Dataset) => Options;
}

interface Trained {
  readonly result: FitResult;
  readonly losses: readonly number[];
  readonly bytes: Buffer;
}

function bytesOf(states: readonly StateDict[]): Buffer {
  return Buffer.concat(
    states.flatMap((state) => Array.from(state.values(), ({ data }) => Buffer.from(data.buffer))),
  );
}

async function train(
  build: (device: Backend) => Subject,
  device: Backend,
  record: boolean,
): Promise<Trained> {
  const { model, optimizer, options } = build(device);
  const data = trainImages(device, 345);
  const own = options?.(data) ?? {};
  const losses: number[] = [];
  const onStep = (report: StepReport) => {
    losses.push(report.loss);
    own.onStep?.(report);
  };
  const result = await fit(model, data, { optimizer, epochs: 3, ...own, onStep, record });
  const bytes = bytesOf([await model.stateDict(), await optimizer.stateDict()]);
  return { result, losses, bytes };
}

/** Trains on two fresh devices, with recording and without. */
async function both(build: (device: Backend) => Subject): Promise<Trained> {
  const recorded = await train(build, await wasm(), true);
  const eager = await train(build, await wasm(), false);
  expect(eager.result.repeated).toBe(0);
  expect(recorded.losses).toEqual(eager.losses);
  expect(recorded.bytes.equals(eager.bytes)).toBe(true);
  return recorded;
}

const digits = (device: Backend, lora?: Parameters<typeof applyLora>[1]) => {
  const model = new DigitsNet(device, { seed: 4 });
  if (lora) applyLora(model, lora);
  return model;
};

/** Two ways through a network; `choose` says which. */
class Branching extends Layer {
  readonly first: Linear;
  readonly second: Linear;

  constructor(
    device: Backend,
    readonly choose: () => boolean,
    /** Whether the ways use the same kernels, over other weights. */
    readonly isAlike = false,
  ) {
    super();
    const random = new Random(1);
    this.first = new Linear(device, 784, 10, { random });
    this.second = new Linear(device, 784, 10, { random });
  }

  forward(x: Tensor): Tensor {
    if (this.choose()) return this.first.forward(x);
    const y = this.second.forward(x);
    return this.isAlike ? y : relu(y);
  }
}

/** A product with a factor that is the model's own. */
class Scaled extends Layer {
  readonly linear: Linear;

  constructor(
    device: Backend,
    readonly factor: () => number,
  ) {
    super();
    this.linear = new Linear(device, 784, 10, { bias: false, random: new Random(1) });
  }

  forward(x: Tensor): Tensor {
    return matmul(x, this.linear.weight, { transB: true, alpha: this.factor() });
  }
}

/** 35 batches in an epoch, the last one smaller; of each size, all but the first two are repeated. */
const MOST = 3 * 35 - 2 - 2;

describe('a recorded step', () => {
  it.each([
    ['full training with Adam', undefined, Adam],
    ['full training with AdamW', undefined, AdamW],
    ['full training with SGD', undefined, SGD],
    ['a wrapper', { method: 'layer', rank: 2, bias: 'lora_only', init: 'normal' }, Adam],
    ['a parametrization', { method: 'parametrization', rank: 3, init: 'normal' }, Adam],
  ] as const)('is repeated bit for bit: %s', async (_, lora, Kind) => {
    const { result } = await both((device) => {
      const model = digits(device, lora);
      return { model, optimizer: new Kind(model.parameters()) };
    });
    expect(result).toMatchObject({ iterations: 105, repeated: MOST });
  });

  it('is repeated with a momentum, a learning rate that changes, and a loss of its own', async () => {
    const { result } = await both((device) => {
      const model = digits(device);
      const optimizer = new SGD(model.parameters(), { learningRate: 0.01, momentum: 0.9, nesterov: true });
      const onStep = ({ iteration }: StepReport) => {
        optimizer.learningRate = 0.01 / iteration;
      };
      const loss = ofLogits((logits, targets) => {
        const once = crossEntropy(logits, targets);
        return mul(once, once);
      });
      return { model, optimizer, options: () => ({ onStep, loss }) };
    });
    expect(result.repeated).toBe(MOST);
  });

  it('is repeated with a loss over labelled rows, in two chunks', async () => {
    const { result } = await both((device) => {
      const model = digits(device);
      const head = tensor(
        device,
        Float32Array.from({ length: 130 }, (_, i) => Math.sin(i)),
        [13, 10],
      );
      const scale = tensor(device, [0.01], [1]);
      const listed = new Map<number, Tensor>();
      const loss = ofLogits((hidden, targets) => {
        const count = targets.length;
        const rows =
          listed.get(count) ??
          tensor(
            device,
            Array.from({ length: count }, (_, i) => i >> 1),
            [count],
            'i32',
          );
        listed.set(count, rows);
        return linearCrossEntropy(hidden, head, { rows, targets, scale });
      });
      return { model, optimizer: new Adam(model.parameters()), options: () => ({ loss, batchSize: 160 }) };
    });
    // Batches of 160, 160 and 25.
    expect(result).toMatchObject({ iterations: 9, repeated: 9 - 2 - 2 });
  });

  it.each([
    ['every other step', (step: number) => step % 2 === 0],
    ['from step 50', (step: number) => step < 50],
    ['by chance', (step: number) => (step * 7919) % 13 < 6],
    ['once', (step: number) => step === 40],
  ])('may branch: %s', async (_, isFirst) => {
    for (const isAlike of [false, true]) {
      await both((device) => {
        let step = 0;
        const model = new Branching(device, () => isFirst(step++), isAlike);
        return { model, optimizer: new Adam(model.parameters()) };
      });
    }
  });

  it.each([
    ['groups that come out even', 5, 69],
    ['a last, shorter group', 4, 87],
  ])('is repeated batch by batch where gradients are accumulated: %s', async (_, accumulate, iterations) => {
    const { result } = await both((device) => {
      const model = digits(device, { rank: 2, dropout: 0.1, init: 'normal' });
      return {
        model,
        optimizer: new Adam(model.parameters()),
        options: () => ({ accumulate, batchSize: 3 }),
      };
    });
    expect(result.iterations).toBe(iterations);
    expect(result.repeated).toBeGreaterThan(iterations - 4);
  });

  it('may branch within a group, whose gradients have other memories to begin with', async () => {
    const results = await Promise.all(
      [1, 3].map((period) =>
        both((device) => {
          let step = 0;
          const model = new Branching(device, () => Math.floor(step++ / period) % 2 === 0, true);
          return { model, optimizer: new SGD(model.parameters()), options: () => ({ accumulate: 5 }) };
        }),
      ),
    );
    expect(results[0].result.iterations).toBe(21);
  });

  it('is recorded for each of eight shapes', async () => {
    const lengths = [3, 5, 7, 3, 9, 5, 11, 3, 7];
    for (const shapes of [lengths, Array.from({ length: 12 }, (_, i) => i + 1)]) {
      const seen: (readonly [number, string])[] = [];
      for (const record of [true, false]) {
        const device = await wasm();
        const model = digits(device);
        const images = trainImages(device, 20);
        const data: Batches<Batch> = {
          device,
          length: 20 * shapes.length,
          batchCount: ({ epochs = 1 }) => epochs * shapes.length,
          *batches({ epochs = 1 }) {
            for (let i = 0; i < epochs * shapes.length; i++)
              yield* images.take(shapes[i % shapes.length]).batches({ batchSize: 20 });
          },
          digest: async () => '',
        };
        const { repeated } = await fit(model, data, {
          optimizer: new Adam(model.parameters()),
          loss: (net, { x, y }) => crossEntropy(net.forward(x), y),
          epochs: 10,
          record,
        });
        seen.push([repeated, bytesOf([await model.stateDict()]).toString('hex')]);
      }
      expect(seen[0][1]).toBe(seen[1][1]);
      // The first two of each shape are not repeated; twelve in turn are more than are kept.
      expect(seen[0][0]).toBe(shapes === lengths ? 10 * lengths.length - 2 * new Set(lengths).size : 0);
    }
  });

  it('notices a number that changes between the same kernels', async () => {
    const { result } = await both((device) => {
      let step = 0;
      const model = new Scaled(device, () => (step++ < 50 ? 1 : 0.5));
      return { model, optimizer: new Adam(model.parameters()) };
    });
    expect(result.repeated).toBeGreaterThan(90);
  });

  it('notices a parameter that is frozen: the forward pass stays the same', async () => {
    const { result } = await both((device) => {
      const model = digits(device);
      const optimizer = new SGD(model.parameters(), { learningRate: 0.01 });
      const onStep = ({ iteration }: StepReport) => {
        if (iteration === 50) model.parameters()[0].requiresGrad = false;
      };
      return { model, optimizer, options: () => ({ onStep }) };
    });
    expect(result.repeated).toBe(50 - 2 - 1);
  });

  it.each([
    ['always', () => true],
    ['now and then', (step: number) => step > 40 && step % 5 === 0],
  ])('does not touch the values that a forward pass keeps, %s', async (_, isKept) => {
    const kept: Tensor[][] = [];
    await both((device) => {
      const model = digits(device);
      const own: Tensor[] = [];
      kept.push(own);
      let step = 0;
      const loss = ofLogits((logits, targets) => {
        const mean = crossEntropy(logits, targets);
        // This is the last one requested: where it is not kept, the backward pass computes in its memory.
        const square = noGrad(() => mul(logits, logits));
        if (isKept(step++)) own.push(square.keep());
        else square.dispose();
        return mean;
      });
      return { model, optimizer: new Adam(model.parameters()), options: () => ({ loss }) };
    });
    const [recorded, eager] = kept;
    expect(recorded.length).toBeGreaterThan(10);
    for (const [i, tensor] of recorded.entries()) expect(await tensor.read()).toEqual(await eager[i].read());
  });

  it('notices what changes between steps: frozen layers, layers that are replaced, other work', async () => {
    const { result } = await both((device) => {
      const model = digits(device);
      applyLora(model, { rank: 2, init: 'normal' });
      const wrapped = model.linear1 as LoraLinear;
      const optimizer = new SGD(model.parameters(), { learningRate: 1e-5 });
      const kept: Tensor[] = [];
      return {
        model,
        optimizer,
        options: (data) => ({
          onStep: ({ iteration }) => {
            // The kernels of the forward pass stay the same, those of the backward pass do not.
            if (iteration === 20) wrapped.base.weight.requiresGrad = true;
            if (iteration === 30) wrapped.base.weight.requiresGrad = false;
            if (iteration === 60) model.linear1 = wrapped.base;
            if (iteration === 65) model.linear1 = wrapped;
            if (iteration % 10 === 0) for (const parameter of optimizer.parameters) parameter.zeroGrad();
            // Tensors of every size that a step uses, and kept.
            kept.push(noGrad(() => mul(optimizer.parameters[0], optimizer.parameters[0])));
            if (iteration === 70) void evaluate(model, data.take(20));
          },
        }),
      };
    });
    expect(result.repeated).toBeGreaterThan(45);
  });

  it('is not recorded where its forward pass reads from or writes to the device', async () => {
    const seen: Promise<ArrayLike<number>>[] = [];
    const { result } = await both((device) => {
      const model = digits(device);
      let step = 0;
      const loss = ofLogits((logits, targets) => {
        step++;
        if (step > 20 && step < 40) seen.push(logits.read());
        if (step === 50) logits.write(new Float32Array(logits.length).fill(0.5));
        return crossEntropy(logits, targets);
      });
      return { model, optimizer: new Adam(model.parameters()), options: () => ({ loss }) };
    });
    expect(result.repeated).toBeGreaterThan(20);
    const reads = await Promise.all(seen);
    expect(reads).toHaveLength(2 * 19);
    for (let i = 0; i < 19; i++) expect(reads[i]).toEqual(reads[19 + i]);
  });

  it('has the gradients of a step that is not repeated', async () => {
    const gradients: Promise<HostArray>[][] = [];
    await both((device) => {
      const model = digits(device);
      const read: Promise<HostArray>[] = [];
      gradients.push(read);
      const onStep = ({ iteration }: StepReport) => {
        for (const { grad } of model.parameters()) if (iteration > 30 && grad) read.push(grad.read());
      };
      return { model, optimizer: new SGD(model.parameters()), options: () => ({ onStep, limit: 34 }) };
    });
    const [recorded, eager] = await Promise.all(gradients.map((reads) => Promise.all(reads)));
    expect(recorded).toHaveLength(4 * 6);
    for (const [i, values] of recorded.entries()) {
      expect(Array.from(eager[i]).some((value) => value !== 0)).toBe(true);
      expect(Buffer.from(values.buffer).equals(Buffer.from(eager[i].buffer))).toBe(true);
    }
  });

  it('is not recorded where parameters have taken different numbers of steps', async () => {
    const { result } = await both((device) => {
      const model = digits(device);
      const optimizer = new Adam(model.parameters());
      const [one] = optimizer.parameters;
      one.requiresGrad = false;
      const onStep = ({ iteration }: StepReport) => {
        if (iteration === 10) one.requiresGrad = true;
      };
      return { model, optimizer, options: () => ({ onStep }) };
    });
    expect(result.repeated).toBe(0);
  });

  it('ends before the weights are changed when the loss is not finite', async () => {
    for (const record of [true, false]) {
      const device = await wasm();
      const model = digits(device);
      const optimizer = new Adam(model.parameters());
      let before: [StateDict, StateDict] | undefined;
      const training = fit(model, trainImages(device, 345), {
        optimizer,
        record,
        // The loss overflows float32 in the 20th step, by a kernel of the recording itself.
        onStep: async ({ iteration }) => {
          if (iteration !== 19) return;
          model.parameters()[1].write(new Float32Array(256).fill(3e38));
          before = [await model.stateDict(), await optimizer.stateDict()];
        },
      });
      await expect(training).rejects.toThrow(/fit: the loss is (NaN|Infinity) at iteration 20/);
      expect(
        bytesOf([await model.stateDict(), await optimizer.stateDict()]).equals(bytesOf(before ?? [])),
      ).toBe(true);
    }
  });

  it('is one call into WebAssembly', async () => {
    let calls = 0;
    const memory = new WasmMemory();
    const module = await WebAssembly.compile((await readBinary('simd')) as BufferSource);
    const kernels = await loadKernels(module, memory.memory);
    const run: typeof kernels.run = (...command) => {
      calls += 1;
      kernels.run(...command);
    };
    const device = new WasmBackend('simd', memory, new WasmRunner({ ...kernels, run }, memory, 1));
    const model = digits(device, { rank: 2 });
    const optimizer = new Adam(model.parameters());
    const counts: number[] = [];
    const onStep = () => counts.push(calls);
    await fit(model, trainImages(device, 340), { optimizer, onStep });
    const perStep = counts.slice(1).map((count, i) => count - counts[i]);
    expect(perStep[0]).toBeGreaterThan(20);
    expect(new Set(perStep.slice(1))).toEqual(new Set([1]));
  });

  it('frees its memory', async () => {
    const device = await wasm();
    const data = trainImages(device, 345);
    const model = digits(device);
    const optimizer = new Adam(model.parameters());
    await fit(model, data, { optimizer });
    const { liveBytes, reservedBytes } = device.memory();
    for (let i = 0; i < 20; i++) await fit(model, data, { optimizer });
    expect(device.memory()).toMatchObject({ liveBytes, reservedBytes });
  });

  it('does not exist on the reference', async () => {
    const model = digits(reference);
    const optimizer = new SGD(model.parameters());
    const { repeated } = await fit(model, trainImages(reference, 30), { optimizer });
    expect(repeated).toBe(0);
  });
});
