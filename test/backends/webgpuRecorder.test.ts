/** Steps that WebGPU records and repeats: bit for bit those that are encoded call by call, in the same number of submits. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/backends/backend.js';
import type { WebGpuBackend } from '../../src/backends/webgpu/index.js';
import { Random } from '../../src/base/random.js';
import { Dataset } from '../../src/data/dataset.js';
import { applyLora } from '../../src/lora/applyLora.js';
import { DigitsNet } from '../../src/mnist/digitsNet.js';
import { Linear } from '../../src/nn/linear.js';
import { Layer } from '../../src/nn/module.js';
import { crossEntropy } from '../../src/ops/crossEntropy.js';
import { relu } from '../../src/ops/relu.js';
import { Adam } from '../../src/optim/adam.js';
import type { Tensor } from '../../src/tensor.js';
import { type FitOptions, fit } from '../../src/train/fit.js';
import { ofLogits } from '../support/ofLogits.js';
import { hasWebGpu, webgpu } from '../support/webgpuDevice.js';

const FEATURES = 32;

/** Examples of random bytes. */
function examples(device: Backend, count: number, features = FEATURES): Dataset {
  const random = new Random(1);
  const images = Uint8Array.from({ length: count * features }, () => Math.floor(random.uniform() * 256));
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 10);
  return Dataset.fromBytes(device, images, labels, { features, classes: 10, mean: 0.5, std: 0.3 });
}

/** A layer with an activation or without, as `choose` says. */
class Branching extends Layer {
  readonly layer: Linear;

  constructor(
    device: Backend,
    readonly choose: () => boolean,
  ) {
    super();
    this.layer = new Linear(device, FEATURES, 10, { random: new Random(1) });
  }

  forward(x: Tensor): Tensor {
    const out = this.layer.forward(x);
    return this.choose() ? out : relu(out);
  }
}

describe.runIf(hasWebGpu)('fit on webgpu', () => {
  let device: WebGpuBackend;
  beforeAll(async () => {
    device = await webgpu();
  });
  afterAll(() => device.dispose());

  async function trained(build: () => Layer, options: Partial<FitOptions>) {
    const model = build();
    const optimizer = new Adam(model.parameters());
    const data = examples(device, 65);
    const losses: number[] = [];
    const onStep = ({ loss }: { loss: number }) => losses.push(loss);
    const result = await fit(model, data, { optimizer, epochs: 2, onStep, ...options });
    const [weights, state] = [await model.stateDict(), await optimizer.stateDict()];
    optimizer.dispose();
    model.dispose();
    data.dispose();
    return { repeated: result.repeated, learned: { weights, state, losses } };
  }

  /** Trains with recording and without. */
  async function both(build: () => Layer, options: Partial<FitOptions> = {}): Promise<number> {
    const recorded = await trained(build, options);
    const eager = await trained(build, { ...options, record: false });
    expect(eager.repeated).toBe(0);
    expect(recorded.learned).toEqual(eager.learned);
    return recorded.repeated;
  }

  it.each([
    ['full training', undefined],
    ['a wrapper', { method: 'layer', rank: 2, bias: 'all', init: 'normal' }],
    ['a parametrization', { method: 'parametrization', rank: 2, init: 'normal' }],
  ] as const)('repeats steps bit for bit: %s', async (_, lora) => {
    const repeated = await both(() => {
      const model = new DigitsNet(device, { inFeatures: FEATURES });
      if (lora) applyLora(model, lora);
      return model;
    });
    // All but two at the beginning and the smaller ones, in two epochs of six batches and a smaller one.
    expect(repeated).toBe(14 - 2 - 2);
  });

  it.each([
    ['now and then', (step: number) => step % 5 !== 4, 14],
    ['by turns', (step: number) => step % 2 === 0, 6],
    ['once and for all', (step: number) => step < 12, 16],
  ])('is the same where a model branches %s', async (_, choose, least) => {
    let step = 0;
    const build = () => {
      step = 0;
      return new Branching(device, () => choose(step++));
    };
    expect(await both(build, { epochs: 4 })).toBeGreaterThanOrEqual(least);
  });

  it('repeats a step in one submit, with the same number of dispatches', async () => {
    const counts = async (record: boolean) => {
      const model = new DigitsNet(device, { inFeatures: FEATURES });
      const data = examples(device, 400);
      const counted: { submits: number; dispatches: number }[] = [];
      const loss = ofLogits((logits, targets) => {
        counted.push({ ...device.counters });
        return crossEntropy(logits, targets);
      });
      const { repeated } = await fit(model, data, { optimizer: new Adam(model.parameters()), loss, record });
      expect(repeated).toBe(record ? 38 : 0);
      return counted.slice(1).map(({ submits, dispatches }, i) => {
        return { submits: submits - counted[i].submits, dispatches: dispatches - counted[i].dispatches };
      });
    };
    const [recorded, eager] = [await counts(true), await counts(false)];
    // From the beginning of the fourth step to that of the 40th: the head that is left undone is counted when run.
    expect(recorded.slice(3).map(({ submits }) => submits)).toEqual(new Array(36).fill(1));
    const total = (of: typeof eager) => of.slice(3, 30).reduce((sum, { dispatches }) => sum + dispatches, 0);
    expect(total(recorded)).toBe(total(eager));
  });

  it('keeps memory flat over 400 steps', async () => {
    // A separate device: memory that other tests left to the garbage collector is freed at any time.
    const own = await webgpu();
    const model = new Linear(own, 8, 10, { random: new Random(2) });
    const optimizer = new Adam(model.parameters());
    const data = examples(own, 995, 8);
    const uses = new Set<string>();
    const onStep = ({ iteration }: { iteration: number }) => {
      // The bytes in use are not compared: a smaller batch, and its remains, have fewer.
      const { liveStorages, reservedBytes } = own.memory();
      const { buffers, calls } = own.counters;
      if (iteration > 200) uses.add([liveStorages, reservedBytes, buffers, calls].join());
    };
    const { repeated } = await fit(model, data, { optimizer, epochs: 4, onStep });
    expect(repeated).toBe(400 - 2 - 2);
    expect([...uses]).toHaveLength(1);
    own.dispose();
  });
});
