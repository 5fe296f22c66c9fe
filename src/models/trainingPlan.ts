/** Memory of a training run, counted before it begins. */
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
  /** Creates the optimizer of these parameters, whose state is counted. Default: an `AdamW`. */
  readonly optimizer?: (parameters: readonly Parameter[]) => Optimizer;
  /**
   * Whether blocks are recomputed in the backward pass. `auto` (default) does so where a step would not fit into `memory`
   * otherwise.
   */
  readonly gradientCheckpointing?: 'auto' | 'on' | 'off';
  /** Bytes that the device may use. Default: the device's memory, or no limit where only an attempt reveals it. */
  readonly memory?: number | undefined;
}

/** Bytes of a training run on the device. */
export interface TrainingPlan {
  /** Bytes of the frozen weights. */
  readonly weights: number;
  /** Bytes of the adapters, with the gradients of the trained parameters. */
  readonly adapter: number;
  readonly optimizer: number;
  /** Remaining bytes at the step's peak: activations, their gradients, and scratch. */
  readonly activations: number;
  /** Total of these: the peak bytes in use. */
  readonly total: number;
  /** Values of `activations` without and with gradient checkpointing. */
  readonly choices: { readonly off: number; readonly on: number };
  /** Whether to use gradient checkpointing; set `model.model.gradientCheckpointing` to this value. */
  readonly gradientCheckpointing: boolean;
  /** Bytes that the device may use; undefined where only an attempt reveals it. */
  readonly memory: number | undefined;
  readonly fits: boolean;
}

const NAMES: OptionNames<TrainingPlanOptions> = {
  optimizer: true,
  gradientCheckpointing: true,
  memory: true,
};

/**
 * Counts the memory that one step on the largest row of `rows` allocates, by running a step of the same model and adapters on a
 * device that computes nothing. Memory of other models and data on the device is not counted.
 * @param model  the model with its adapters, which are trained
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
  // Each trained parameter has a gradient after the first step; a frozen adapter has none.
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

/** A model of the same sizes and element types on a device that stores no values. */
function twinOf(model: LlamaForCausalLM, device: Backend): LlamaForCausalLM {
  const places = placesIn(model);
  const weights = new Map<string, Parameter>();
  // Tied weights are requested twice.
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

/** Applies the same adapters to the twin, with other values. */
async function adaptAs(twin: LlamaForCausalLM, model: LlamaForCausalLM): Promise<void> {
  for (const name of adapterNames(model)) {
    const { config } = getAdapter(model, name);
    // Factors computed from the weights have the same sizes as random ones.
    const init = /^(pissa|olora)/.test(config.init) ? 'kaiming' : config.init;
    await applyLora(twin, { ...config, init }, name);
  }
  setActiveAdapters(twin, activeAdapters(model));
}

/** A row with the tokens and labels of the largest, made of two examples: a single one would exceed the length of an example. */
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
