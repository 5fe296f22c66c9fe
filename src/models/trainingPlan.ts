/** What memory a training will take, counted before it begins. */
import { type Backend, storageBytes } from '../backends/backend.js';
import { CountingBackend } from '../backends/counting.js';
import { checkOptions, type OptionNames } from '../base/options.js';
import { PackedRows } from '../data/packedRows.js';
import { findAdaptation } from '../lora/adaptation.js';
import { activeAdapters, adapterNames, getAdapter, setActiveAdapters } from '../lora/adapters.js';
import { applyLora } from '../lora/applyLora.js';
import { AdamW } from '../optim/adam.js';
import type { Optimizer } from '../optim/optimizer.js';
import { Parameter } from '../tensor.js';
import { UNTRAINED } from '../text/examples.js';
import { fit } from '../train/fit.js';
import { LlamaForCausalLM } from './llama.js';
import { placesIn } from './mergedWeights.js';
import { tokenLoss } from './tokenLoss.js';

export interface TrainingPlanOptions {
  /** Makes the optimizer of these parameters, whose state is counted. Default an `AdamW`. */
  readonly optimizer?: (parameters: readonly Parameter[]) => Optimizer;
  /**
   * Whether blocks are computed again in the backward pass. `auto` (default) says so where a step would not fit into `memory`
   * otherwise.
   */
  readonly gradientCheckpointing?: 'auto' | 'on' | 'off';
  /** Bytes that the device may use. Default what it has, or no limit where only an attempt tells. */
  readonly memory?: number | undefined;
}

/** Bytes of a training on the device. */
export interface TrainingPlan {
  /** The frozen weights. */
  readonly weights: number;
  /** The adapters, with the gradients of what is trained. */
  readonly adapter: number;
  readonly optimizer: number;
  /** The rest at the step's peak: activations, their gradients, and scratch. */
  readonly activations: number;
  /** All of these together, the largest that is in use at a time. */
  readonly total: number;
  /** What `activations` are without and with gradient checkpointing. */
  readonly choices: { readonly off: number; readonly on: number };
  /** What `gradientCheckpointing` came to; `model.model.gradientCheckpointing` is to be set so. */
  readonly gradientCheckpointing: boolean;
  /** Undefined where only an attempt tells. */
  readonly memory: number | undefined;
  readonly fits: boolean;
}

const NAMES: OptionNames<TrainingPlanOptions> = {
  optimizer: true,
  gradientCheckpointing: true,
  memory: true,
};

/**
 * Counts what one step on the largest row of `rows` allocates: a step of the same model and adapters is gone through on a
 * device that computes nothing. What other models and data hold on the device is not counted.
 * @param model  with its adapters, which are trained
 * @throws RangeError for options out of range, TypeError for an option that does not exist; RangeError for a model without adapters
 */
export async function trainingPlan(
  model: LlamaForCausalLM,
  rows: PackedRows,
  options: TrainingPlanOptions = {},
): Promise<TrainingPlan> {
  checkOptions('trainingPlan', options, NAMES);
  const { gradientCheckpointing = 'auto', memory = model.device.memory().limitBytes } = options;
  if (!['auto', 'on', 'off'].includes(gradientCheckpointing))
    throw new RangeError(
      `trainingPlan: gradientCheckpointing must be auto, on or off: ${gradientCheckpointing}`,
    );
  if (memory !== undefined && !(memory > 0))
    throw new RangeError(`trainingPlan: memory must be above 0 bytes: ${memory}`);
  const { off, on } = await count(model, rows, options);
  const isChosen =
    gradientCheckpointing === 'on' ||
    (gradientCheckpointing === 'auto' && memory !== undefined && off.total > memory);
  const chosen = isChosen ? on : off;
  return {
    ...chosen,
    choices: { off: off.activations, on: on.activations },
    gradientCheckpointing: isChosen,
    memory,
    fits: memory === undefined || chosen.total <= memory,
  };
}

type Counted = Pick<TrainingPlan, 'weights' | 'adapter' | 'optimizer' | 'activations' | 'total'>;

async function count(
  model: LlamaForCausalLM,
  rows: PackedRows,
  { optimizer: make = (parameters) => new AdamW(parameters) }: TrainingPlanOptions,
): Promise<{ off: Counted; on: Counted }> {
  if (!findAdaptation(model)) throw new RangeError('trainingPlan: the model has no adapter to train');
  const device = new CountingBackend(model.device.name);
  const twin = twinOf(model, device);
  const weights = device.memory().liveBytes;
  await adaptAs(twin, model);
  const trained = twin.parameters().filter(({ requiresGrad }) => requiresGrad);
  // Each trained number has a gradient from the first step on; an adapter that is frozen has none.
  const gradients = trained.reduce((sum, { length }) => sum + storageBytes('f32', length), 0);
  const adapter = device.memory().liveBytes - weights + gradients;
  const optimizer = make(trained);
  const row = largestRow(device, rows, model);
  const step = async (isCheckpointed: boolean): Promise<Counted> => {
    twin.model.gradientCheckpointing = isCheckpointed;
    device.resetPeak();
    await fit(twin, row, { optimizer, loss: tokenLoss, limit: 1 });
    const { liveBytes, peakBytes: total } = device.memory();
    const state = liveBytes - weights - adapter;
    return { weights, adapter, optimizer: state, activations: total - liveBytes, total };
  };
  return { off: await step(false), on: await step(true) };
}

/** A model of the same sizes and element types on a device that holds no numbers. */
function twinOf(model: LlamaForCausalLM, device: Backend): LlamaForCausalLM {
  const places = placesIn(model);
  const weights = new Map<string, Parameter>();
  // Tied weights are asked for twice.
  const weightOf = (name: string) => {
    const { dtype, shape, length } = places(name).parameter;
    const weight = weights.get(name) ?? new Parameter(device, device.alloc(dtype, length), shape);
    weight.requiresGrad = false;
    weights.set(name, weight);
    return weight;
  };
  // The examples of the counted row are halves of it, which may be longer than the context.
  return new LlamaForCausalLM(device, { ...model.config, contextLength: Infinity }, weightOf);
}

/** Puts the same adapters on a model, with other values. */
async function adaptAs(twin: LlamaForCausalLM, model: LlamaForCausalLM): Promise<void> {
  for (const name of adapterNames(model)) {
    const { config } = getAdapter(model, name);
    // Values that follow from the weights have no other sizes than those that are drawn.
    const init = /^(pissa|olora)/.test(config.init) ? 'kaiming' : config.init;
    await applyLora(twin, { ...config, init }, name);
  }
  setActiveAdapters(twin, activeAdapters(model));
}

/** A row of as many tokens and labels as the largest, of two examples: one alone would be longer than an example may be. */
function largestRow(
  device: Backend,
  { report, maxTokens }: PackedRows,
  { config }: LlamaForCausalLM,
): PackedRows {
  const { rowTokens, rowLabels } = report;
  const halves = [Math.floor(rowTokens / 2), Math.ceil(rowTokens / 2)];
  const examples = halves.map((length) => {
    const ids = new Int32Array(length + 1);
    const labels = ids.map((_, i) => (i > length - rowLabels / 2 && i > 0 ? 0 : UNTRAINED));
    return { ids, labels };
  });
  const { slidingWindow: window } = config;
  return new PackedRows(device, examples, { maxLength: maxTokens, window, sharePrefix: false });
}
