import type { Backend } from '../src/backends/backend.js';
import type { Dataset } from '../src/data/dataset.js';
import { applyLora } from '../src/lora/applyLora.js';
import { DigitsNet } from '../src/mnist/digitsNet.js';
import { Adam } from '../src/optim/adam.js';
import { evaluate } from '../src/train/evaluate.js';
import { fit } from '../src/train/fit.js';
import type { Measured } from './result.js';

/** Number of iterations of `fit` in one timed call. */
const STEPS = 50;
const BATCH_SIZE = 10;

const STEP_KINDS = [
  { name: 'full training step', method: undefined },
  { name: 'LoRA step, wrapper', method: 'layer' },
  { name: 'LoRA step, parametrization', method: 'parametrization' },
] as const;

/** Steps as `fit` does them, gathering of the batch and reading of the loss included; and evaluation. */
export async function trainingSuite(device: Backend, train: Dataset, test: Dataset): Promise<Measured[]> {
  const data = train.take(STEPS * BATCH_SIZE);
  const suite: Measured[] = [];
  for (const { name, method } of STEP_KINDS) {
    const model = new DigitsNet(device);
    if (method) await applyLora(model, { method, rank: 2, alpha: 1, init: 'normal' });
    const optimizer = new Adam(model.parameters());
    const run = async () => {
      await fit(model, data, { optimizer, batchSize: BATCH_SIZE, shuffle: false });
    };
    await checkThatItLearns(name, async () => (await evaluate(model, data)).loss, run);
    // A model that has learned everything computes with denormal numbers, on which processors are slow.
    optimizer.learningRate = 0;
    suite.push({ name: `${name}, batch ${BATCH_SIZE}`, unit: 'it/s', work: STEPS, run });
  }
  for (const batchSize of [10, 200, 1000]) {
    const model = new DigitsNet(device);
    const run = async () => {
      await evaluate(model, test, { batchSize });
    };
    suite.push({ name: `evaluation, batch ${batchSize}`, unit: 'images/s', work: test.length, run });
  }
  return suite;
}

async function checkThatItLearns(
  name: string,
  loss: () => Promise<number>,
  run: () => Promise<void>,
): Promise<void> {
  const before = await loss();
  await run();
  const after = await loss();
  if (!(after < before)) throw new Error(`bench: ${name} does not learn: loss ${before} then ${after}`);
}
