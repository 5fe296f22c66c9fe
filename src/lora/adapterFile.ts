/** Adapters as the two files that PEFT writes and reads, with its names and layouts. */
import { DataError } from '../base/errors.js';
import { checkOptions, type OptionNames } from '../base/options.js';
import { Random } from '../base/random.js';
import {
  nameIn,
  type ReadablePlace,
  type ReadyContent,
  readablePlace,
  readFiles,
  type WritablePlace,
  wholeOf,
  writablePlace,
} from '../files/fileStore.js';
import { type HostTensor, type Module, modelParts } from '../nn/module.js';
import { changing, reading } from '../nn/use.js';
import { type FloatType, safetensorsParts, type WritableTensor } from '../safetensors/safetensors.js';
import type { Parameter } from '../tensor.js';
import { adaptationOf, type LoraAdapter } from './adaptation.js';
import { finite, type Parts, readTensors } from './adapterTensors.js';
import { type ResolvedLoraConfig, resolveConfig } from './config.js';
import type { LoraFactors } from './factors.js';
import { beginsWithWeight, type FactorValues } from './initialFactors.js';
import { checkName, initialValues, install } from './install.js';
import { type ConfigExtras, configText, PEFT_TASKS, type PeftTask, parseConfig } from './peftConfig.js';
import { PREFIX, repeatedKeys, wholeKey } from './peftNames.js';
import { findTargets, type Target, wholeParameters } from './targets.js';

const CONFIG = 'adapter_config.json';
const MODEL = 'adapter_model.safetensors';

/** The files that PEFT writes; the first is the one by which it recognizes an adapter. */
export const ADAPTER_FILES = [CONFIG, MODEL] as const;

/** Files by name. */
export type AdapterFiles = Map<string, Uint8Array>;

export interface SaveAdapterOptions {
  /** Name of the adapter. Default: the only one. */
  readonly name?: string | undefined;
  /** Element type of the tensors; F16 and BF16 are rounded to the nearest. Default F32. */
  readonly dtype?: FloatType | undefined;
  /** The base's repository or folder, as `base_model_name_or_path`, where PEFT's `AutoPeftModel` looks for it. Default none. */
  readonly baseModel?: string | undefined;
  /** PEFT's `task_type`, such as `CAUSAL_LM` for a language model. Default none. */
  readonly taskType?: PeftTask | undefined;
  /** Factor of the update besides alpha / rank, written into every alpha. Default 1. */
  readonly scale?: number | undefined;
}

const SAVE_NAMES: OptionNames<SaveAdapterOptions> = {
  ...{ name: true, dtype: true },
  ...{ baseModel: true, taskType: true, scale: true },
};

/**
 * Writes an adapter's two files, as one unit: `adapter_config.json` and `adapter_model.safetensors` with
 * `base_model.model.<path>.lora_A.weight` `[rank, inFeatures]`, `….lora_B.weight` `[outFeatures, rank]`, and everything else
 * that it trains. With init `pissa` or `olora` the update is written as an ordinary one of twice the rank, for the unchanged
 * model. A factor set by `setAdapterScale` is not saved; `scale` is. All values are from one moment, between iterations of `fit`.
 * @param to  files by name, a store, or in Node the path of a directory, which is created if necessary
 * @throws RangeError for an unknown or missing name, an unknown task, or values that are not finite
 * @see https://huggingface.co/docs/peft/developer_guides/checkpoint
 */
export async function saveAdapter(
  model: Module,
  to: WritablePlace,
  options: SaveAdapterOptions = {},
): Promise<void> {
  checkOptions('saveAdapter', options, SAVE_NAMES);
  const store = writablePlace('saveAdapter: to', to);
  const { name, dtype = 'F32', ...extras } = options;
  checkExtras(extras);
  const saved = await reading('saveAdapter', modelParts(model), () => {
    const { adapters } = adaptationOf(model, 'saveAdapter');
    if (name === undefined && adapters.size > 1) {
      throw new RangeError(
        `saveAdapter: several adapters (${[...adapters.keys()].join(', ')}): pass { name }`,
      );
    }
    const adapter = adaptationOf(model, 'saveAdapter').adapter(
      name ?? [...adapters.keys()][0],
      'saveAdapter',
    );
    return filesOf(adapter, dtype, extras);
  });
  await store.write(saved);
}

function checkExtras({ taskType, scale = 1 }: ConfigExtras): void {
  if (!Number.isFinite(scale)) throw new RangeError(`saveAdapter: scale must be finite: ${scale}`);
  if (taskType !== undefined && !PEFT_TASKS.includes(taskType))
    throw new RangeError(`saveAdapter: taskType must be one of ${PEFT_TASKS.join(', ')}: ${taskType}`);
}

/** The files of an adapter by name. @see {@link saveAdapter} */
export async function serializeAdapter(
  adapter: LoraAdapter,
  dtype: FloatType = 'F32',
): Promise<AdapterFiles> {
  const files = await reading('serializeAdapter', modelParts(adapter.model), () => filesOf(adapter, dtype));
  return new Map(Array.from(files, ([name, content]) => [name, wholeOf(content)]));
}

/** The files, the config first: PEFT recognizes an adapter's directory by it. */
async function filesOf(
  adapter: LoraAdapter,
  dtype: FloatType,
  extras?: ConfigExtras,
): Promise<Map<string, ReadyContent>> {
  const config = new TextEncoder().encode(configText(adapter, extras));
  // All reads are asked for before the first is awaited, so that all values are from one moment.
  const tensors = new Map(await Promise.all(savedTensors(adapter)));
  const written = new Map<string, WritableTensor>();
  for (const [key, tensor] of tensors) written.set(key, { dtype, ...finite(key, tensor) });
  return new Map<string, ReadyContent>([
    [CONFIG, config],
    [MODEL, safetensorsParts(written, { format: 'pt' })],
  ]);
}

type SavedTensor = readonly [key: string, tensor: HostTensor];

/** @throws RangeError for a model that is itself adapted, before anything is read */
function savedTensors(adapter: LoraAdapter): Promise<SavedTensor>[] {
  const saved: Promise<SavedTensor>[] = [];
  const put = async (key: string, parameter: Parameter): Promise<SavedTensor> => {
    return [key, { shape: parameter.shape, data: await values(parameter) }];
  };
  const { factors: all, layers } = adapter;
  if (all.has('')) throw new RangeError('saveAdapter: PEFT has no name for a model that is itself adapted');
  for (const [path, { kind, adapters }] of layers) {
    const { names } = kind;
    const factors = adapters[adapter.name];
    const both = savedFactors(factors);
    saved.push(both.then(({ a, rank }) => [`${PREFIX}${path}.${names.a}`, matrix(a, rank, a.length / rank)]));
    saved.push(both.then(({ b, rank }) => [`${PREFIX}${path}.${names.b}`, matrix(b, b.length / rank, rank)]));
    const { magnitude, loraBias } = factors;
    if (magnitude) saved.push(put(`${PREFIX}${path}.${names.magnitude}`, magnitude));
    if (loraBias) saved.push(put(`${PREFIX}${path}.${names.bias}`, loraBias));
  }
  for (const [path, { switched, parameter }] of adapter.adaptation.copiesOf(adapter.name)) {
    saved.push(put(wholeKey(path, layers), parameter));
    const repeated = repeatedKeys(path, adapter);
    if (!repeated) continue;
    saved.push(put(repeated.trained, parameter), put(repeated.original, switched.original));
  }
  return saved;
}

function matrix(data: HostTensor['data'], rows: number, columns: number): HostTensor {
  return { shape: [rows, columns], data };
}

/** The values of a parameter, which is f32 and reads as one of the two float arrays. */
async function values(parameter: Parameter): Promise<Float32Array | Float64Array> {
  return (await parameter.read()) as Float32Array | Float64Array;
}

/** @internal A and B, or [A; A₀] and [B, −B₀] where the update is the difference from their initial values. */
export async function savedFactors({ loraA, loraB, initial, rank }: LoraFactors) {
  const parameters = initial ? [loraA, loraB, initial.loraA, initial.loraB] : [loraA, loraB];
  const [a, b, a0, b0] = await Promise.all(parameters.map(values));
  if (!initial) return { a, b, rank };
  const both = new Float32Array(2 * b.length);
  for (let i = 0; i < b.length; i++) {
    const [row, column] = [Math.floor(i / rank), i % rank];
    both[2 * rank * row + column] = b[i];
    both[2 * rank * row + rank + column] = -b0[i];
  }
  return { a: Float32Array.from([...a, ...a0]), b: both, rank: 2 * rank };
}

export interface LoadAdapterOptions {
  /** Name for the adapter. Default `default`. */
  readonly name?: string | undefined;
  /** How the modules are adapted. Default `layer`. */
  readonly method?: 'layer' | 'parametrization' | undefined;
  /** Whether to write the values into the existing adapter of this name, which must have the same layers and ranks. Default false. */
  readonly replace?: boolean | undefined;
  /** Name of the files' folder in error messages. */
  readonly from?: string | undefined;
}

const LOAD_NAMES: OptionNames<LoadAdapterOptions> = { name: true, method: true, replace: true, from: true };

/**
 * Puts an adapter on a model from PEFT's two files, with f32, f16 or bf16 tensors. Loading is strict. It waits for an
 * `evaluate`, or another change, that has already begun.
 * @param from  files by name, a place with them, or in Node the path of a directory
 * @returns      the adapter; it is active if it is the model's first
 * @throws DataError that lists everything missing, unexpected or misshapen, or names what is not supported, RangeError
 *   for a name that is taken, Error while `fit` or `withAdapterDisabled` uses the model; the model is unchanged then
 */
export async function loadAdapter(
  model: Module,
  from: ReadablePlace,
  options: LoadAdapterOptions = {},
): Promise<LoraAdapter> {
  checkOptions('loadAdapter', options, LOAD_NAMES);
  const source = readablePlace('loadAdapter: from', from);
  const name = options.from ?? source.name;
  const files = await readFiles(source, ADAPTER_FILES, name);
  return changing('loadAdapter', modelParts(model), () => installFiles(model, { files, name }, options));
}

async function installFiles(
  model: Module,
  from: { readonly files: ReadonlyMap<string, Uint8Array>; readonly name: string },
  options: LoadAdapterOptions,
): Promise<LoraAdapter> {
  const { name = 'default', method = 'layer', replace = false } = options;
  const where = (file: string) => nameIn(from, file);
  const bytes = (file: string) => from.files.get(file) ?? new Uint8Array();
  const config = inFile(where(CONFIG), () =>
    resolveConfig({ ...parseConfig(bytes(CONFIG), where(CONFIG)), method }),
  );
  const parts = inFile(where(CONFIG), () => {
    const targets = findTargets(model, config, false);
    return { targets, whole: wholeParameters(model, config, targets, false) };
  });
  if (!replace) checkName(model, name);
  const { tensors, notes } = await readTensors(bytes(MODEL), where(MODEL), model, config, parts);
  if (replace) {
    const adapter = adaptationOf(model, 'loadAdapter').adapter(name, 'loadAdapter');
    replaceValues(adapter, config, parts, tensors);
    adapter.notes = notes;
    return adapter;
  }
  const initial = await Promise.all(parts.targets.map((target) => valuesFor(target, config)));
  const adapter = install(model, name, config, { ...parts, values: initial });
  writeValues(adapter, tensors);
  adapter.notes = [...notes, ...notesOnBase(adapter)];
  return adapter;
}

/** Notes where the initial factors are computed again, from weights that may differ from those that PEFT had. */
function notesOnBase({ config, layers }: LoraAdapter): string[] {
  const types = new Set(Array.from(layers.values(), ({ baseWeight }) => baseWeight.dtype));
  types.delete('f32');
  if (types.size === 0 || !beginsWithWeight(config.init)) return [];
  return [
    `init_lora_weights "${config.init}" begins with a part of the base's weights, which are ${[...types].join(', ')} here: the adapter is right only if it was trained over the same numbers`,
  ];
}

/** Runs `body`; an error about a file's content becomes a DataError that names the file. */
function inFile<T>(name: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof RangeError) throw new DataError(`${name}: ${error.message}`, { cause: error });
    throw error;
  }
}

/** The initial factors, which the file's update is relative to; undefined where they are overwritten in any case. */
function valuesFor(
  target: Target,
  config: ResolvedLoraConfig,
): FactorValues | Promise<FactorValues> | undefined {
  return beginsWithWeight(config.init) ? initialValues(target, config, new Random(config.seed)) : undefined;
}

/** Writes a file's values into the memory that an adapter has. */
function writeValues(adapter: LoraAdapter, tensors: ReadonlyMap<string, HostTensor>): void {
  const put = (key: string, parameter: Parameter | undefined) => {
    const found = tensors.get(key);
    if (parameter && found) parameter.write(found.data);
  };
  for (const [path, { kind, adapters }] of adapter.layers) {
    const { names } = kind;
    const factors = adapters[adapter.name];
    put(`${PREFIX}${path}.${names.a}`, factors.loraA);
    put(`${PREFIX}${path}.${names.b}`, factors.loraB);
    put(`${PREFIX}${path}.${names.magnitude}`, factors.magnitude);
    put(`${PREFIX}${path}.${names.bias}`, factors.loraBias);
  }
  for (const [path, copy] of adapter.copies) put(wholeKey(path, adapter.layers), copy);
}

function replaceValues(
  adapter: LoraAdapter,
  config: ResolvedLoraConfig,
  { targets, whole }: Parts,
  tensors: ReadonlyMap<string, HostTensor>,
): void {
  adapter.adaptation.checkUnmerged('values');
  const { factors, copies, name } = adapter;
  const isSame =
    targets.length === factors.size &&
    targets.every(({ path, rank }) => {
      const found = factors.get(path);
      return (
        found?.rank === rank &&
        !found.initial &&
        (found.magnitude !== undefined) === config.useDora &&
        adapter.config.loraBias === config.loraBias
      );
    }) &&
    whole.length === copies.size &&
    whole.every(({ path }) => copies.has(path));
  if (!isSame || beginsWithWeight(config.init)) {
    throw new DataError(
      `loadAdapter: ${name} cannot be replaced in place: its layers, ranks or kinds differ`,
    );
  }
  for (const { path, alpha } of targets) factors.get(path)?.setAlpha(alpha, config.useRslora);
  writeValues(adapter, tensors);
  adapter.config = config;
}
