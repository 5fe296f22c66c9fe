import { noGrad } from '../autograd/record.js';
import type { Storage } from '../backends/backend.js';
import { ShapeError } from '../base/errors.js';
import { checkOptions, type OptionNames } from '../base/options.js';
import { checkDataset, type Dataset } from '../data/dataset.js';
import { evaluationModes, withModes } from '../nn/mode.js';
import { type Layer, modelParts, requireLayer } from '../nn/module.js';
import { reading } from '../nn/use.js';
import { matrixSize } from '../ops/check.js';
import { crossEntropy } from '../ops/crossEntropy.js';
import type { Tensor } from '../tensor.js';
import { eventLoopTurns } from './eventLoop.js';

export interface EvaluateOptions {
  /** Number of examples at a time. Default 200, which stay in the caches. It does not change the counts. */
  readonly batchSize?: number;
  /** Called after each batch with the number of examples done; an error that it throws ends the evaluation. */
  readonly onBatch?: (done: number) => void;
}

export interface Evaluation {
  /** Mean cross-entropy over the examples. */
  readonly loss: number;
  /** Fraction of the examples that are right, 0 to 1. */
  readonly accuracy: number;
  /** Right and wrong predictions, by the example's class. */
  readonly correct: number[];
  readonly wrong: number[];
}

const NAMES: OptionNames<EvaluateOptions> = { batchSize: true, onBatch: true };

/**
 * Measures a classifier, in evaluation mode and without a graph; the counts stay on the device. The prediction is
 * the first of the largest outputs of the model, which may have more outputs than the data have classes. The model is
 * measured at one moment: a `fit` that trains it pauses between two iterations until this call ends, a `merge`,
 * or another asynchronous change, also waits for it, and a synchronous change of adapters throws. Several calls may run
 * side by side.
 * @throws ShapeError when the model has fewer outputs than the data have classes
 */
export async function evaluate(
  model: Layer,
  data: Dataset,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  checkOptions('evaluate', options, NAMES);
  requireLayer('evaluate', model);
  checkDataset('evaluate', 'data', data);
  return reading('evaluate', modelParts(model), () => measure(model, data, options));
}

async function measure(
  model: Layer,
  data: Dataset,
  { batchSize = 200, onBatch }: EvaluateOptions,
): Promise<Evaluation> {
  const { device } = data;
  const modes = evaluationModes(model);
  const counts = new Counts(data);
  const lossSum = device.alloc('f32', 1);
  const turn = eventLoopTurns();
  let done = 0;
  try {
    device.run('fill', { out: lossSum, value: 0 });
    for (const { x, y, rows } of data.batches({ batchSize })) {
      noGrad(() => {
        const logits = withModes(modes, () => model.forward(x));
        checkOutputs('evaluate', logits, data.classes);
        device.run('axpby', { out: lossSum, x: crossEntropy(logits, y).storage, alpha: rows, beta: 1 });
        counts.add(logits, y);
      });
      done += rows;
      await turn();
      onBatch?.(done);
    }
    const [total] = await device.read(lossSum);
    const { correct, wrong } = await counts.read();
    const right = correct.reduce((sum, count) => sum + count, 0);
    return { loss: total / data.length, accuracy: right / data.length, correct, wrong };
  } finally {
    counts.dispose();
    device.free(lossSum);
  }
}

/** Counts of right and wrong predictions by class, on the device. */
class Counts {
  readonly #data: Dataset;
  /** `[2, outputs]`: examples and wrong predictions, by class; undefined before the first logits. */
  #storage: Storage | undefined;
  #outputs = 0;

  constructor(data: Dataset) {
    this.#data = data;
  }

  /**
   * @param logits   [rows, outputs]
   * @param targets  [rows]
   */
  add(logits: Tensor, targets: Tensor): void {
    const { device } = this.#data;
    const [rows, outputs] = logits.shape;
    if (!this.#storage) {
      this.#storage = device.alloc('i32', 2 * outputs);
      this.#outputs = outputs;
      device.run('fill', { out: this.#storage, value: 0 });
    }
    if (outputs !== this.#outputs) {
      throw new ShapeError(`evaluate: the model has ${outputs} outputs: it had ${this.#outputs} before`);
    }
    device.run('countWrong', {
      counts: this.#storage,
      logits: logits.storage,
      targets: targets.storage,
      rows,
      cols: outputs,
    });
  }

  /** Reads the counts for the classes of the data; no target is beyond them. */
  async read(): Promise<{ correct: number[]; wrong: number[] }> {
    const { device, classes } = this.#data;
    const all = this.#storage ? Array.from(await device.read(this.#storage)) : [];
    const wrong = all.slice(this.#outputs, this.#outputs + classes);
    return { correct: wrong.map((count, c) => all[c] - count), wrong };
  }

  dispose(): void {
    if (this.#storage) this.#data.device.free(this.#storage);
  }
}

/** Checks the number of outputs. @throws ShapeError when there are fewer logits than classes */
export function checkOutputs(what: string, logits: Tensor, classes: number): void {
  const [, outputs] = matrixSize(what, "the model's output", logits);
  if (outputs >= classes) return;
  throw new ShapeError(
    `${what}: the model has fewer outputs than the data have classes: ${outputs} and ${classes}`,
  );
}
