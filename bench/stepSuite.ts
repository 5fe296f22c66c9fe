/** The cost of a LoRA step besides its kernels, and its growth with size. */
import type { Backend } from '../src/backends/backend.js';
import { Random } from '../src/base/random.js';
import type { Dataset } from '../src/data/dataset.js';
import { applyLora } from '../src/lora/applyLora.js';
import { DigitsNet } from '../src/mnist/digitsNet.js';
import { Linear } from '../src/nn/linear.js';
import { crossEntropy } from '../src/ops/crossEntropy.js';
import { Adam } from '../src/optim/adam.js';
import { fit } from '../src/train/fit.js';
import type { Pair, Work } from './ratio.js';

/** Iterations in one timed call. */
const stepsFor = (batchSize: number) => (batchSize < 100 ? 50 : 10);

interface LoraShape {
  readonly batchSize: number;
  readonly rank: number;
}

/** Steps of the wrapper form, as `fit` does them. */
export function loraSteps(device: Backend, train: Dataset, { batchSize, rank }: LoraShape): Work {
  const model = new DigitsNet(device);
  applyLora(model, { rank, alpha: 1, init: 'normal' });
  return fitSteps(model, train, batchSize);
}

/** Steps of all parameters. */
export function fullSteps(device: Backend, train: Dataset, batchSize: number): Work {
  return fitSteps(new DigitsNet(device), train, batchSize);
}

function fitSteps(model: DigitsNet, train: Dataset, batchSize: number): Work {
  const data = train.take(stepsFor(batchSize) * batchSize);
  // A model that has learned everything computes with denormal numbers, on which processors are slow.
  const optimizer = new Adam(model.parameters(), { learningRate: 0 });
  return async () => {
    await fit(model, data, { optimizer, batchSize, shuffle: false });
  };
}

/** Only the kernels of the same steps: one recorded step, run again and again. */
function loraKernels(device: Backend, train: Dataset, { batchSize, rank }: LoraShape): Work | undefined {
  const { recorder } = device;
  if (!recorder) return undefined;
  const model = new DigitsNet(device);
  applyLora(model, { rank, alpha: 1, init: 'normal' });
  const optimizer = new Adam(model.parameters());
  const step = () => {
    const { value } = train.take(batchSize).batches({ batchSize }).next();
    if (!value) throw new Error('bench: there are no examples');
    optimizer.zeroGrad();
    crossEntropy(model.forward(value.x), value.y).backward();
    optimizer.step();
  };
  step();
  const program = recorder.begin();
  recorder.record(program, 'head', () => {});
  recorder.record(program, 'tail', step);
  return () => {
    for (let i = 0; i < stepsFor(batchSize); i++) recorder.run(program);
  };
}

/** The products of a linear layer as wide as its input, forward and backward, on a batch of 64. */
function wideSteps(device: Backend, width: number): Work {
  const random = new Random(1);
  const layer = new Linear(device, width, width, { random });
  const rows = 64;
  const [x, dY, dX, dWeight] = [rows, rows, rows, width].map((length) => device.alloc('f32', length * width));
  for (const storage of [x, dY]) {
    device.write(
      storage,
      Float32Array.from({ length: rows * width }, () => random.normal()),
    );
  }
  const y = device.alloc('f32', rows * width);
  return () => {
    const w = layer.weight.storage;
    device.run('matmul', { out: y, a: x, b: w, m: rows, k: width, n: width, transB: true });
    device.run('matmul', { out: dWeight, a: dY, b: x, m: width, k: rows, n: width, transA: true });
    device.run('matmul', { out: dX, a: dY, b: w, m: rows, k: width, n: width });
  };
}

export function stepSuite(device: Backend, train: Dataset): Pair[] {
  const lora = (batchSize: number, rank: number) => loraSteps(device, train, { batchSize, rank });
  const times = { unit: 'times', lowerIsBetter: true } as const;
  const kernels = loraKernels(device, train, { batchSize: 10, rank: 2 });
  const pairs: Pair[] = [
    { ...times, name: 'width 512 → 1024', base: wideSteps(device, 512), work: wideSteps(device, 1024) },
    { ...times, name: 'batch 10 → 20', base: lora(10, 2), work: lora(20, 2) },
    { ...times, name: 'batch 128 → 256', base: lora(128, 2), work: lora(256, 2) },
    { ...times, name: 'rank 2 → 4', base: lora(10, 2), work: lora(10, 4) },
    { ...times, name: 'rank 8 → 16', base: lora(10, 8), work: lora(10, 16) },
  ];
  if (!kernels) return pairs;
  const share = { unit: '% of step', lowerIsBetter: true, value: (ratio: number) => 100 * (1 - 1 / ratio) };
  return [{ ...share, name: 'not kernels, wrapper', base: kernels, work: lora(10, 2) }, ...pairs];
}
