/** Training by lowrank in its own process: `lowrankTrain.ts REQUEST`, which is JSON; answers as serve.ts says. */
import { readFileSync } from 'node:fs';
import { type PackedBatch, PackedRows } from '../../src/data/packedRows.js';
import type { LlamaForCausalLM } from '../../src/models/llama.js';
import { tokenLoss } from '../../src/models/tokenLoss.js';
import { AdamW } from '../../src/optim/adam.js';
import type { TokenExample } from '../../src/text/examples.js';
import type { PackingOptions } from '../../src/text/packing.js';
import { fit } from '../../src/train/fit.js';
import { addAdapter, type ModelRequest, openModel, withFewerLayers } from './lowrankModel.js';
import { serve, timed } from './serve.js';
import {
  type JobWork,
  jobIndices,
  type RowWork,
  randomIds,
  TRAINING,
  type TrainingWork,
} from './training.js';

export interface TrainRequest extends ModelRequest {
  readonly work: TrainingWork;
  readonly rank?: number;
  /** Whether the second half of the blocks is left out. */
  readonly halfOfLayers?: boolean;
}

const request: TrainRequest = JSON.parse(process.argv[2]);

/** Data of `steps` steps from `round` on; the checked steps have no round. */
interface Slice {
  readonly examples: readonly TokenExample[];
  readonly packing: PackingOptions;
  readonly epochs: number;
  /** Amount of work that the sample counts. */
  readonly work: number;
}

await serve(async () => {
  const { model: whole, how } = await openModel(request);
  const { halfOfLayers, rank, work } = request;
  const model = halfOfLayers ? withFewerLayers(whole, Math.ceil(whole.config.layers / 2)) : whole;
  await addAdapter(model, rank);
  model.model.gradientCheckpointing = false;
  const { learningRate, weightDecay, clipNorm } = TRAINING;
  const trained = model.parameters().filter(({ requiresGrad }) => requiresGrad);
  const optimizer = new AdamW(trained, { learningRate, weightDecay });
  const slice = work.kind === 'job' ? jobSlices(work) : rowSlices(work);
  const run = async ({ examples, packing, epochs }: Slice) => {
    const losses: number[] = [];
    const { device, config } = model;
    await fit<LlamaForCausalLM, PackedBatch>(
      model,
      new PackedRows(device, examples, { ...packing, window: config.slidingWindow }),
      {
        ...{ optimizer, epochs, clipNorm, shuffle: false, loss: tokenLoss },
        onStep: ({ loss }) => losses.push(loss),
      },
    );
    return losses;
  };
  return {
    how,
    check: () => run(slice()),
    async time(round) {
      const each = slice(round);
      return { train: await timed(each.work, () => run(each)) };
    },
  };
});

/** As `lowrank train --batch-size` packs them: a common beginning of a step's examples is computed once. */
function jobSlices(work: JobWork): (round?: number) => Slice {
  const all = (JSON.parse(readFileSync(work.examples, 'utf8')) as { ids: number[]; labels: number[] }[]).map(
    ({ ids, labels }) => ({ ids: Int32Array.from(ids), labels: Int32Array.from(labels) }),
  );
  const { batchSize } = work;
  return (round) => {
    const indices = jobIndices(work, all.length, round);
    const examples = indices.map((i) => all[i]);
    const labels = examples.reduce((sum, each) => sum + each.labels.filter((label) => label >= 0).length, 0);
    return { examples, packing: { batchSize }, epochs: 1, work: labels };
  };
}

function rowSlices({ tokens, examples: count, steps, checkSteps, unit }: RowWork): (round?: number) => Slice {
  const examples = Array.from({ length: count }, (_, example) => {
    // One more, as the last is only a target.
    const ids = randomIds(tokens + 1, example * (tokens + 1));
    return { ids, labels: ids.map((id, i) => (i === 0 ? -1 : id)) };
  });
  const packing = { maxLength: (tokens + 1) * count, batchSize: count, sharePrefix: false };
  return (round) => ({
    ...{ examples, packing },
    epochs: round === undefined ? checkSteps : steps,
    work: unit === 'steps' ? steps : steps * tokens * count,
  });
}
