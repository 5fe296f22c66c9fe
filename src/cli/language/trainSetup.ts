/** What a training run requires, opened and checked before the long work: examples, model, adapter, optimizer, memory. */
import {
  AdamW,
  type Backend,
  countParameters,
  DeviceError,
  type LoraAdapter,
  loraPlusGroups,
  type Optimizer,
  type Parameter,
} from '../../core.js';
import type { LlamaForCausalLM } from '../../models/llama.js';
import { loadTokenizer } from '../../models/loadTokenizer.js';
import { type TrainingPlan, trainingPlan } from '../../models/trainingPlan.js';
import { shortenExamples } from '../../text/longExamples.js';
import type { Tokenizer } from '../../text/tokenizer.js';
import { type PackedRows, PackedRows as Rows } from '../../text.js';
import { modelPath } from '../modelPath.js';
import { openDevice } from '../prepare.js';
import { broken } from '../values.js';
import type { DataSummary } from './dataSummary.js';
import { dataSummary } from './dataSummary.js';
import { addReplay, type KeepSet, readKeepSet } from './keepSet.js';
import { loadModel } from './loadModel.js';
import { maxLengthOf } from './maxLength.js';
import { type DataExample, type DataPart, type LanguageData, readData } from './readData.js';
import type { RunReporting } from './reporting.js';
import { putAdapter } from './trainAdapter.js';
import { batchSizes, type Course, courseOf } from './trainCourse.js';
import type { TrainCommand } from './trainOptions.js';

/** The examples and their summary. */
export interface TrainData {
  readonly path: string;
  readonly tokenizer: Tokenizer;
  readonly maxLength: number;
  readonly all: LanguageData;
  readonly summary: DataSummary;
}

/** Examples of one use that are computed. */
export interface UsedExamples {
  readonly name: string;
  readonly examples: readonly DataExample[];
}

export interface TrainSetup {
  readonly device: Backend;
  readonly reason: string;
  readonly model: LlamaForCausalLM;
  readonly data: TrainData;
  readonly weightBytes: number;
  /** Parameters of the model without the adapter. */
  readonly parameters: number;
  readonly trainable: number;
  readonly adapter: LoraAdapter;
  readonly train: UsedExamples;
  readonly valid: UsedExamples | undefined;
  readonly keep: KeepSet | undefined;
  /** How many of the training examples are drawn from the keep set. */
  readonly replayed: number;
  readonly rows: PackedRows;
  readonly optimizer: (parameters: readonly Parameter[]) => Optimizer;
  readonly course: Course;
  readonly plan: TrainingPlan;
}

/** Reads and counts the examples; no weight is read yet. @throws DataError */
export async function readTrainData(
  options: TrainCommand,
  { progress, signal }: RunReporting,
): Promise<TrainData> {
  const path = await modelPath(options, progress, signal);
  const { tokenizer, config } = await loadTokenizer(path);
  const maxLength = maxLengthOf(options.maxLength, config.contextLength);
  const all = await readData(tokenizer, options, { progress, signal });
  return { path, tokenizer, maxLength, all, summary: dataSummary(tokenizer, all, { ...options, maxLength }) };
}

/**
 * Opens device and model, and puts the adapter on it. The caller disposes the device.
 * @throws UsageError for a device that is not available or an impossible adapter, DataError for files
 */
export async function setUp(
  data: TrainData,
  { options, isGiven }: { readonly options: TrainCommand; readonly isGiven: (name: string) => boolean },
  { progress, notice, signal }: RunReporting,
): Promise<TrainSetup> {
  const { device, reason } = await openDevice(options);
  try {
    const { tokenizer, path } = data;
    const { model, weightBytes } = await loadModel(device, path, options, { progress, notice, signal });
    const parameters = countParameters(model).total;
    const adapter = await putAdapter(model, options, { isGiven, notice, path });
    const keep = await readKeepSet(tokenizer, options, { maxLength: data.maxLength, notice });
    const valid = usedOf(data.all.parts.valid, data, options);
    if (!valid) refuseValidation(options);
    const own = usedOf(data.all.parts.train, data, options) as UsedExamples;
    const { examples, replayed } = addReplay(own.examples, keep, options);
    const train = { ...own, examples };
    const rows = rowsOf(device, model, train, options);
    const optimizer = optimizerOf(options, model);
    const plan = await trainingPlan(model, rows, {
      optimizer: (trained) => new AdamW(trained),
      gradientCheckpointing: options.checkpoint,
      memory: options.memory,
    });
    const course = courseOf(options, rows);
    return {
      ...{ device, reason, model, data, weightBytes, parameters, adapter, train, valid, keep, replayed },
      ...{ rows, optimizer, course, plan, trainable: countParameters(model).trainable },
    };
  } catch (error) {
    device.dispose();
    throw error;
  }
}

/** @throws UsageError for options that have no effect without validation examples */
function refuseValidation({ patience, validateEvery }: TrainCommand): void {
  for (const [option, value] of [
    ['--patience', patience] as const,
    ['--validate-every', validateEvery] as const,
  ])
    if (value !== undefined)
      throw broken(option, 'requires examples for validation, and there are none', `${value}`);
}

function usedOf(
  part: DataPart | undefined,
  { maxLength }: TrainData,
  { long }: TrainCommand,
): UsedExamples | undefined {
  if (!part) return undefined;
  const tokens = part.examples.map((example) => ({ ...example.tokens, read: example.read }));
  const fitting = shortenExamples(tokens, maxLength, long === 'cut' ? 'cut' : 'drop');
  const examples = fitting.examples.map(({ read, ...rest }) => ({ read, tokens: rest }));
  return { name: part.file.path, examples };
}

function rowsOf(
  device: Backend,
  { config }: LlamaForCausalLM,
  { examples }: UsedExamples,
  options: TrainCommand,
): PackedRows {
  const tokens = examples.map((example) => example.tokens);
  const trainedTokens = tokens.reduce(
    (sum, { labels }) => sum + labels.reduce((count, label) => count + (label >= 0 ? 1 : 0), 0),
    0,
  );
  const { pack } = options;
  return new Rows(device, tokens, {
    ...batchSizes(options, { examples: tokens.length, trainedTokens }),
    pack,
    window: config.slidingWindow,
  });
}

function optimizerOf(
  { learningRate, weightDecay, loraPlus }: TrainCommand,
  model: LlamaForCausalLM,
): TrainSetup['optimizer'] {
  const settings = { learningRate, weightDecay };
  return (parameters) =>
    new AdamW(loraPlus === undefined ? parameters : loraPlusGroups(model, learningRate, loraPlus), settings);
}

/** @throws DeviceError where a step does not fit, with what would help */
export function checkMemory({ plan, device }: TrainSetup): void {
  const { memory, total, fits, choices, activations, gradientCheckpointing } = plan;
  if (fits || memory === undefined) return;
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(2)} GB`;
  const less = total - activations + choices.on;
  const help = gradientCheckpointing
    ? 'shorter rows (--max-length), smaller weights (--weights q4) or fewer targets need less'
    : `with --checkpoint on it would be ${gigabytes(less)}`;
  throw new DeviceError(
    `a step needs ${gigabytes(total)}, and ${device.name} may use ${gigabytes(memory)}: ${help}`,
  );
}
