import { noGrad } from '../autograd/record.js';
import { checkOptions, type OptionNames } from '../base/options.js';
import { type AnyBatch, type Batches, checkBatches } from '../data/batches.js';
import { evaluationModes, withModes } from '../nn/mode.js';
import { type Module, modelParts } from '../nn/module.js';
import { reading } from '../nn/use.js';
import { eventLoopTurns } from './eventLoop.js';
import { checkLoss, type LossFunction } from './loss.js';

export interface EvaluateLossOptions<M extends Module = Module, B extends AnyBatch = AnyBatch> {
  readonly loss: LossFunction<M, B>;
  /** Number of examples at a time. Default 200. */
  readonly batchSize?: number;
  /** Called after each batch with the number of examples done; an error that it throws ends the evaluation. */
  readonly onBatch?: (done: number) => void;
}

const NAMES: OptionNames<EvaluateLossOptions> = { loss: true, batchSize: true, onBatch: true };

/**
 * The mean of a loss over all batches, each weighted by its `rows`, in evaluation mode and without a graph. The same calls
 * may run beside it as beside `evaluate`.
 * @throws RangeError where no batch exists; TypeError, ShapeError, DeviceError for a loss that is not one number on the
 *   device of the data
 */
export async function evaluateLoss<M extends Module, B extends AnyBatch>(
  model: M,
  data: Batches<B>,
  options: EvaluateLossOptions<M, B>,
): Promise<number> {
  checkOptions('evaluateLoss', options, NAMES);
  checkBatches('evaluateLoss', 'data', data);
  return reading('evaluateLoss', modelParts(model), () => measure(model, data, options));
}

async function measure<M extends Module, B extends AnyBatch>(
  model: M,
  data: Batches<B>,
  { loss, batchSize = 200, onBatch }: EvaluateLossOptions<M, B>,
): Promise<number> {
  const { device } = data;
  const modes = evaluationModes(model);
  const sum = device.alloc('f32', 1);
  const turn = eventLoopTurns();
  let [examples, done] = [0, 0];
  try {
    device.run('fill', { out: sum, value: 0 });
    for (const batch of data.batches({ batchSize })) {
      noGrad(() => {
        const mean = checkLoss(
          'evaluateLoss',
          withModes(modes, () => loss(model, batch)),
          device,
        );
        device.run('axpby', { out: sum, x: mean.storage, alpha: batch.lossTokens ?? batch.rows, beta: 1 });
      });
      examples += batch.rows;
      done = Math.min(done + batchSize, data.length);
      await turn();
      onBatch?.(done);
    }
    if (examples === 0) throw new RangeError('evaluateLoss: the data have no batches');
    return (await device.read(sum))[0] / examples;
  } finally {
    device.free(sum);
  }
}
