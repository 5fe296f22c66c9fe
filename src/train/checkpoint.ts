/** The state of a training in one file, so that it goes on to the same bits as if it had never been stopped. */
import { DataError } from '../errors.js';
import { Dropout, type DropoutState } from '../nn/dropout.js';
import type { HostTensor, Module, StateDict } from '../nn/module.js';
import type { Optimizer } from '../optim/optimizer.js';
import { parseSafetensors, serializeSafetensors, toFloat32, type WritableTensor } from '../safetensors.js';
import type { Parameter } from '../tensor.js';

const FILE = 'checkpoint.safetensors';

/** Where a checkpoint is kept. A write replaces it as a whole or not at all. */
export interface CheckpointStore {
  read(): Promise<Uint8Array | undefined>;
  write(bytes: Uint8Array): Promise<void>;
}

/** Files by name, as a directory. */
export type CheckpointFiles = Map<string, Uint8Array>;

/** @internal */
export function checkpointStore(dir: CheckpointFiles | CheckpointStore): CheckpointStore {
  if (!(dir instanceof Map)) return dir;
  return {
    read: async () => dir.get(FILE),
    write: async (bytes) => {
      dir.set(FILE, bytes);
    },
  };
}

/** Name of the file in a directory. */
export const CHECKPOINT_FILE = FILE;

/** What two runs must have in common for one to go on where the other was. */
export type Fingerprint = Readonly<Record<string, string | number | boolean>>;

/** Where a training is. */
export interface Position {
  /** Steps that were taken. */
  readonly iteration: number;
  /** Of their losses. */
  readonly lossSum: number;
  /** Of the validation that was best, and how many have come since. */
  readonly best: { readonly iteration: number; readonly loss: number; readonly accuracy: number } | undefined;
  readonly worse: number;
}

export interface Checkpoint extends Position {
  /** Values of the trained parameters when validation was best. */
  readonly bestState: StateDict;
}

/** The parameters that are trained, by path. */
export function trainedParameters(model: Module): Map<string, Parameter> {
  return new Map([...model.namedParameters()].filter(([, { requiresGrad }]) => requiresGrad));
}

export async function valuesOf(parameters: ReadonlyMap<string, Parameter>): Promise<StateDict> {
  const state: StateDict = new Map();
  for (const [name, parameter] of parameters) {
    // Parameters are f32, which reads as one of the two float arrays.
    state.set(name, {
      shape: parameter.shape,
      data: (await parameter.read()) as Float32Array | Float64Array,
    });
  }
  return state;
}

function dropouts(model: Module): [path: string, dropout: Dropout][] {
  return [...model.namedModules()].filter((entry): entry is [string, Dropout] => entry[1] instanceof Dropout);
}

/** The bytes of a checkpoint. Everything is float32, as it is on the device, but the reference device's float64. */
export async function serializeCheckpoint(
  model: Module,
  optimizer: Optimizer,
  fingerprint: Fingerprint,
  { bestState, ...position }: Checkpoint,
): Promise<Uint8Array> {
  const tensors = new Map<string, WritableTensor>();
  const put = (prefix: string, state: StateDict) => {
    for (const [name, tensor] of state) tensors.set(`${prefix}.${name}`, { dtype: 'F32', ...tensor });
  };
  put('model', await valuesOf(trainedParameters(model)));
  put('optimizer', await optimizer.stateDict());
  put('best', bestState);
  const dropout: Record<string, DropoutState> = {};
  for (const [path, module] of dropouts(model)) dropout[path] = await module.readState();
  const training = JSON.stringify({ position, fingerprint, dropout });
  return serializeSafetensors(tensors, { format: 'pt', training });
}

/** What `serializeCheckpoint` puts beside the tensors. */
interface Training {
  readonly position: Position;
  readonly fingerprint: Fingerprint;
  readonly dropout: Readonly<Record<string, DropoutState>>;
}

/**
 * Puts model, optimizer and dropouts where a checkpoint has them.
 * @throws DataError when it is of another run, listing all that differs; nothing is changed then
 */
export function restoreCheckpoint(
  bytes: Uint8Array,
  model: Module,
  optimizer: Optimizer,
  fingerprint: Fingerprint,
): Checkpoint {
  const { tensors, metadata } = parseSafetensors(bytes, FILE);
  const { position, fingerprint: theirs, dropout } = parseTraining(metadata.training);
  const parts: Record<string, StateDict> = { model: new Map(), optimizer: new Map(), best: new Map() };
  for (const [key, tensor] of tensors) {
    const [, part, name] = /^(\w+)\.(.*)$/.exec(key) ?? [];
    const host: HostTensor = { shape: tensor.shape, data: toFloat32(tensor, `${FILE}: ${key}`) };
    parts[part]?.set(name, host);
  }
  const parameters = trainedParameters(model);
  const modules = dropouts(model);
  const problems = Object.keys({ ...fingerprint, ...theirs })
    .filter((key) => fingerprint[key] !== theirs[key])
    .map((key) => `${key} was ${theirs[key]}, is ${fingerprint[key]}`);
  for (const [name, { shape }] of parameters) {
    const found = parts.model.get(name)?.shape;
    if (found?.join() !== shape.join())
      problems.push(`${name} was ${found ? `[${found}]` : 'not trained'}, is [${shape}]`);
  }
  for (const name of parts.model.keys())
    if (!parameters.has(name)) problems.push(`${name} is not trained now`);
  if (modules.some(([path]) => !dropout[path])) problems.push('there was less dropout');
  if (problems.length > 0) throw new DataError(`${FILE}: is of another run: ${problems.join('; ')}`);
  optimizer.loadStateDict(parts.optimizer);
  for (const [name, parameter] of parameters) parameter.write(parts.model.get(name)?.data ?? []);
  for (const [path, module] of modules) module.writeState(dropout[path]);
  return { ...position, bestState: parts.best };
}

function parseTraining(text: string | undefined): Training {
  const value: Partial<Training> = text === undefined ? {} : JSON.parse(text);
  if (value.position && value.fingerprint && value.dropout) return value as Training;
  throw new DataError(`${FILE}: is no checkpoint of a training`);
}
