/** Activation checkpointing: the same bits as without, and a fraction of the memory. */
import { describe, expect, it } from 'vitest';
import { noGrad } from '../../src/autograd/record.js';
import type { Backend } from '../../src/backends/backend.js';
import { Random } from '../../src/base/random.js';
import { Dataset } from '../../src/data/dataset.js';
import { applyLora } from '../../src/lora/applyLora.js';
import { checkpoint } from '../../src/nn/checkpoint.js';
import { Dropout } from '../../src/nn/dropout.js';
import { Linear } from '../../src/nn/linear.js';
import { Layer } from '../../src/nn/module.js';
import { add } from '../../src/ops/add.js';
import { addResidual } from '../../src/ops/addResidual.js';
import { crossEntropy } from '../../src/ops/crossEntropy.js';
import { mul } from '../../src/ops/mul.js';
import { silu } from '../../src/ops/silu.js';
import { Adam } from '../../src/optim/adam.js';
import { parameter, type Tensor, tensor } from '../../src/tensor.js';
import { fit } from '../../src/train/fit.js';
import { allDevices, wasm } from '../support/devices.js';

/** A residual block with dropout. */
class Block extends Layer {
  readonly up: Layer;
  readonly down: Layer;
  readonly dropout: Dropout;

  constructor(device: Backend, size: number, random: Random, seed: number) {
    super();
    this.up = new Linear(device, size, 2 * size, { random });
    this.down = new Linear(device, 2 * size, size, { random });
    this.dropout = new Dropout(device, 0.2, seed);
  }

  forward(x: Tensor): Tensor {
    return addResidual(x, this.down.forward(this.dropout.forward(silu(silu(this.up.forward(x))))));
  }
}

class Stack extends Layer {
  readonly head: Layer;

  constructor(
    device: Backend,
    readonly size: number,
    blocks: number,
    readonly isCheckpointed: boolean,
  ) {
    super();
    const random = new Random(3);
    for (let i = 0; i < blocks; i++)
      Object.assign(this, { [`block${i}`]: new Block(device, size, random, i) });
    this.head = new Linear(device, size, 4, { random });
  }

  get blocks(): Block[] {
    return Object.values(this).filter((each) => each instanceof Block);
  }

  forward(x: Tensor): Tensor {
    let stream = x;
    for (const block of this.blocks) {
      stream = this.isCheckpointed ? checkpoint(block, stream) : block.forward(stream);
    }
    return this.head.forward(stream);
  }
}

function dataset(device: Backend, size: number, rows = 12): Dataset {
  const random = new Random(5);
  const bytes = Uint8Array.from({ length: rows * size }, () => Math.floor(256 * random.uniform()));
  const labels = Uint8Array.from({ length: rows }, (_, i) => i % 4);
  return Dataset.fromBytes(device, bytes, labels, { features: size, classes: 4, mean: 0.5, std: 0.3 });
}

async function trainedBits(device: Backend, isCheckpointed: boolean, record: boolean, lora: boolean) {
  const model = new Stack(device, 16, 3, isCheckpointed);
  if (lora)
    await applyLora(model, { rank: 2, dropout: 0.1, targetModules: ['up', 'down'], init: 'gaussian' });
  // The modes are those of fit's passes, also in the one that is computed again.
  model.eval();
  const losses: number[] = [];
  const { repeated } = await fit(model, dataset(device, 16), {
    optimizer: new Adam(model.parameters(), { learningRate: 0.01 }),
    batchSize: 4,
    epochs: 4,
    record,
    onStep: ({ loss }) => losses.push(loss),
  });
  const state = [...(await model.stateDict()).values()].map(({ data }) => [...data]);
  return { repeated, bits: JSON.stringify([losses, state]) };
}

describe.each(await allDevices())('checkpoint on %s', (_, device) => {
  it.each([false, true])('trains to the same bits, with dropout inside, with LoRA: %s', async (lora) => {
    const plain = await trainedBits(device, false, false, lora);
    const checkpointed = await trainedBits(device, true, false, lora);
    expect(checkpointed.bits).toBe(plain.bits);
    const recorded = await trainedBits(device, true, true, lora);
    expect(recorded.bits).toBe(plain.bits);
    if (device.recorder) expect(recorded.repeated).toBeGreaterThan(5);
  });

  it('adds to the gradient of an input that others read too', async () => {
    const gradient = async (isCheckpointed: boolean) => {
      const x = parameter(device, [0.3, -0.7], [2]);
      const [a, g] = [mul(x, x), tensor(device, [1, 3], [2])];
      const once = isCheckpointed ? checkpoint((h) => mul(silu(h), h), a) : mul(silu(a), a);
      add(once, silu(a)).backward(g);
      return Array.from((await x.grad?.read()) ?? []);
    };
    expect(await gradient(true)).toEqual(await gradient(false));
  });

  it('counts the trained leaves that it reads, not the frozen ones', async () => {
    const [a, b] = [parameter(device, [2], [1]), parameter(device, [3], [1])];
    b.requiresGrad = false;
    const x = tensor(device, [5], [1]);
    checkpoint((h) => mul(mul(h, a), b), x).backward();
    expect(Array.from((await a.grad?.read()) ?? [])).toEqual([15]);
    expect(b.grad).toBeUndefined();
    expect(checkpoint((h) => mul(h, b), x).requiresGrad).toBe(false);
  });

  it('gives a gradient of zeros to an input that the result does not follow from', async () => {
    const [x, a] = [parameter(device, [2, 3], [2]), parameter(device, [4, 5], [2])];
    const g = tensor(device, [1, 1], [2]);
    checkpoint(() => mul(a, a), mul(x, x)).backward(g);
    expect(Array.from((await x.grad?.read()) ?? [])).toEqual([0, 0]);
    expect(Array.from((await a.grad?.read()) ?? [])).toEqual([8, 10]);
  });

  it('may be nested, and may give back what it is given', async () => {
    const run = async (isCheckpointed: boolean) => {
      const x = parameter(device, [2, -3], [2]);
      const dropout = new Dropout(device, 0.5, 1);
      const inner = (h: Tensor) => mul(dropout.forward(h), h);
      const outer = (h: Tensor) => mul(isCheckpointed ? checkpoint(inner, h) : inner(h), dropout.forward(h));
      const out = isCheckpointed ? checkpoint((h) => h, checkpoint(outer, x)) : outer(x);
      const before = await out.read();
      out.backward(tensor(device, [1, 2], [2]));
      return [...before, ...((await x.grad?.read()) ?? []), await dropout.readState()];
    };
    expect(await run(true)).toEqual(await run(false));
  });

  it('refuses a segment that reads more of the graph, or does something else the second time', () => {
    const x = parameter(device, [2], [1]);
    const outside = mul(x, x);
    expect(() => checkpoint((h) => mul(h, outside), x)).toThrow(
      /^checkpoint: the segment reads a tensor \[1\] of the graph around it/,
    );
    const dropout = new Dropout(device, 0.5);
    let calls = 0;
    const fickle = checkpoint((h) => (calls++ === 0 ? dropout.forward(h) : mul(h, h)), x);
    expect(() => fickle.backward()).toThrow('checkpoint: the segment did not do the same');
  });

  it('cannot have its input taken over', () => {
    const x = parameter(device, [2], [1]);
    const input = mul(x, x);
    checkpoint((h) => mul(h, h), input);
    expect(() => addResidual(x, input)).toThrow('cannot take over');
    expect(() => checkpoint((h) => addResidual(h, h), mul(x, x))).toThrow('must be two tensors');
    // Without a graph too, so that a model that trains is a model that answers.
    expect(() => noGrad(() => checkpoint((h) => addResidual(x, h), mul(x, x)))).toThrow('cannot take over');
  });

  it('makes no more in noGrad than its segment', () => {
    const x = tensor(device, [2], [1]);
    const before = device.memory().liveStorages;
    const out = noGrad(() => checkpoint((h) => mul(mul(h, h), h), x));
    expect(device.memory().liveStorages).toBe(before + 1);
    out.dispose();
  });
});

describe('memory of 24 equal segments', async () => {
  const device = await wasm();
  const size = 64;
  const x = tensor(device, new Float32Array(64 * size).fill(0.1), [64, size]);
  const y = tensor(device, new Int32Array(64), [64], 'i32');

  async function peakOf(isCheckpointed: boolean, steps: number) {
    const model = new Stack(device, size, 24, isCheckpointed);
    const optimizer = new Adam(model.parameters());
    const live: number[] = [];
    const { alloc } = device;
    let [peak, resting] = [0, 0];
    for (let i = 0; i < steps; i++) {
      if (i === 2) [peak, resting] = [0, device.memory().liveBytes];
      device.alloc = (...given) => {
        const storage = alloc.apply(device, given);
        peak = Math.max(peak, device.memory().liveBytes - resting);
        return storage;
      };
      optimizer.zeroGrad();
      const loss = crossEntropy(model.forward(x), y);
      loss.backward();
      optimizer.step();
      device.alloc = alloc;
      await loss.item();
      loss.dispose();
      live.push(device.memory().liveBytes);
    }
    optimizer.dispose();
    model.dispose();
    return { peak, live };
  }

  it('peaks at a quarter of that without, at most', async () => {
    const plain = await peakOf(false, 4);
    const checkpointed = await peakOf(true, 4);
    expect(checkpointed.peak).toBeGreaterThan(0);
    expect(checkpointed.peak).toBeLessThanOrEqual(plain.peak / 4);
  });

  it('is flat', async () => {
    const { live } = await peakOf(true, 50);
    expect(live[49]).toBe(live[1]);
  });
});
