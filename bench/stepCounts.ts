import type { Backend } from '../src/backends/backend.js';
import { WebGpuBackend } from '../src/backends/webgpu/index.js';
import type { Dataset } from '../src/data/dataset.js';
import { applyLora } from '../src/lora/applyLora.js';
import { DigitsNet } from '../src/mnist/digitsNet.js';
import { crossEntropy } from '../src/ops/crossEntropy.js';
import { Adam } from '../src/optim/adam.js';
import { summary } from './ratio.js';
import type { Result } from './result.js';

const STEPS = 200;
const WARM_UP = 50;

/**
 * The requests of a wrapper LoRA step to WebGPU, and their cost on the host, which is all that a software adapter can show.
 * The device is awaited between steps, so that an adapter that computes on the same cores does not disturb the encoding.
 */
export async function stepCounts(device: Backend, train: Dataset): Promise<Result[]> {
  if (!(device instanceof WebGpuBackend)) return [];
  const model = new DigitsNet(device);
  await applyLora(model, { rank: 2, alpha: 1, bias: 'lora_only', init: 'normal' });
  const optimizer = new Adam(model.parameters());
  const dispatches: number[] = [];
  const submits: number[] = [];
  const encodeUs: number[] = [];
  let before = device.counters;
  for (const { x, y } of train.take(10 * (WARM_UP + STEPS)).batches({ batchSize: 10 })) {
    optimizer.zeroGrad();
    crossEntropy(model.forward(x), y).backward();
    optimizer.step();
    await device.sync();
    const after = device.counters;
    dispatches.push(after.dispatches - before.dispatches);
    submits.push(after.submits - before.submits);
    encodeUs.push(1000 * (after.encodeMs - before.encodeMs));
    before = after;
  }
  return [
    summary('dispatches', 'a step', dispatches.slice(WARM_UP), true),
    summary('submits', 'a step', submits.slice(WARM_UP), true),
    summary('host time to encode', 'µs a step', encodeUs.slice(WARM_UP), true),
  ];
}
