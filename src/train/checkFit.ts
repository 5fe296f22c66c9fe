/** Checks of `fit` against calls that would train nothing, or not what was intended. */

import { ShapeError } from '../base/errors.js';
import { checkOptions, type OptionNames } from '../base/options.js';
import { type Batches, checkBatches } from '../data/batches.js';
import { Dataset } from '../data/dataset.js';
import { LoraFactors } from '../lora/factors.js';
import type { Module } from '../nn/module.js';
import { Optimizer } from '../optim/optimizer.js';
import { learningRateFactor, type Schedule } from '../optim/schedule.js';
import type { Parameter } from '../tensor.js';
import { trainedParameters } from './checkpoint.js';
import type { CheckpointOptions, FitOptions } from './fit.js';

const NAMES: OptionNames<FitOptions> = {
  optimizer: true,
  epochs: true,
  limit: true,
  batchSize: true,
  accumulate: true,
  shuffle: true,
  dropLast: true,
  seed: true,
  loss: true,
  schedule: true,
  clipNorm: true,
  record: true,
  validation: true,
  checkpoint: true,
  onStep: true,
  signal: true,
};
const CHECKPOINT_NAMES: OptionNames<CheckpointOptions> = {
  dir: true,
  every: true,
  atEnd: true,
  resume: true,
  settings: true,
};

const OF_THE_OPTIMIZER = 'give it to the optimizer, as in new Adam(parameters, { learningRate })';

/** Options that callers expect in `fit` but that belong elsewhere. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  learningrate: OF_THE_OPTIMIZER,
  lr: OF_THE_OPTIMIZER,
  momentum: OF_THE_OPTIMIZER,
  weightdecay: OF_THE_OPTIMIZER,
  warmup: 'it belongs in schedule, as in { schedule: { kind, warmup } }',
  patience: 'it belongs in validation, as in { validation: { data, every, patience } }',
  resume: 'it belongs in checkpoint, as in { checkpoint: { dir, every, resume } }',
};

const NAMES_SHOWN = 3;

/** The options that are checked here, for any kind of model and batches. */
interface Checked extends Pick<FitOptions, 'optimizer' | 'checkpoint'> {
  readonly validation?: { readonly data: Batches };
}

/**
 * Checks that the options exist, and that the data for training and validation are of one kind.
 * @throws TypeError for an option that does not exist, ShapeError for data that differ
 */
export function checkFitOptions(data: Batches, options: Checked): void {
  checkOptions('fit', options, NAMES, ELSEWHERE);
  const { optimizer, checkpoint, validation } = options;
  checkBatches('fit', 'data', data);
  if (validation) checkBatches('fit', 'validation.data', validation.data);
  if (checkpoint) checkCheckpoint(checkpoint);
  if (!(optimizer instanceof Optimizer)) {
    throw new TypeError(`fit: optimizer must be an optimizer, such as Adam: got ${optimizer}`);
  }
  const held = validation?.data;
  if (!(data instanceof Dataset && held instanceof Dataset) || held.features === data.features) return;
  throw new ShapeError(
    `fit: the examples to train and to validate with differ in features: ${data.features} and ${held.features}`,
  );
}

function checkCheckpoint(checkpoint: CheckpointOptions): void {
  checkOptions('fit: checkpoint', checkpoint, CHECKPOINT_NAMES);
  const { every } = checkpoint;
  if (Number.isInteger(every) && every >= 1) return;
  throw new RangeError(`fit: checkpoint.every must be a positive integer: ${every}`);
}

/**
 * Checks that the optimizer trains a part of the model, including all adapters that require a gradient; it may train more,
 * such as a parameter of the loss.
 * @throws Error when nothing of the model, or not all of an adapter, would be trained
 */
export function checkOptimizer(model: Module, optimizer: Optimizer): void {
  const { name, parameters } = optimizer;
  if (!parameters.some(({ requiresGrad }) => requiresGrad)) {
    throw new Error(
      `fit: every parameter of the optimizer is frozen: make it after applyLora and setActiveAdapters, as in new ${name}(model.parameters())`,
    );
  }
  const held = new Set(parameters);
  const trained = trainedParameters(model);
  const others = [...trained].filter(([, parameter]) => !held.has(parameter));
  // A part of a model may be trained separately, but an active adapter that is left out was added too late.
  const adapters = new Set(factorsOf(model).flatMap((each) => each.parameters()));
  const isLeftOut = others.some(([, parameter]) => adapters.has(parameter));
  if (isLeftOut || (trained.size > 0 && others.length === trained.size)) {
    const shown = others.slice(0, NAMES_SHOWN).map(([path]) => path);
    const more = others.length > NAMES_SHOWN ? ` and ${others.length - NAMES_SHOWN} more` : '';
    throw new Error(
      `fit: parameters require a gradient that the optimizer does not hold: ${shown.join(', ')}${more}: make the optimizer after applyLora and setActiveAdapters, or freeze them with requiresGrad(false)`,
    );
  }
  checkScales(model, trained);
}

/** Refuses scales of 0 for all trained adapters, which would give their factors gradients of 0. */
function checkScales(model: Module, trained: ReadonlyMap<string, Parameter>): void {
  const off = factorsOf(model).filter(({ scaling }) => scaling === 0);
  const idle = new Set(off.flatMap((each) => each.parameters()));
  if (trained.size === 0 || [...trained.values()].some((parameter) => !idle.has(parameter))) return;
  throw new Error(
    'fit: nothing would train: the scale of every adapter that trains is 0: see setAdapterScale',
  );
}

function factorsOf(model: Module): LoraFactors[] {
  return [...model.namedModules()].map(([, module]) => module).filter((each) => each instanceof LoraFactors);
}

/** Checks the number of iterations. @throws RangeError when there is no batch, or the only iteration would have a learning rate of 0 */
export function checkIterations(
  iterations: number,
  { examples, batchSize, schedule }: { examples: number; batchSize: number; schedule: Schedule },
): void {
  if (iterations === 0) {
    throw new RangeError(
      `fit: there is no batch, since dropLast leaves out the only one: ${examples} examples, batchSize ${batchSize}`,
    );
  }
  if (iterations > 1 || learningRateFactor(schedule, 0, iterations) > 0) return;
  throw new RangeError(
    `fit: schedule.warmup must be 0 where there is only one iteration, which would have a learning rate of 0: ${schedule.warmup}`,
  );
}
