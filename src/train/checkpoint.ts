/** The state of a training run in one file, so that it continues to the same bits as if it had never been stopped. */

import { DataError, ShapeError } from '../base/errors.js';
import { asBytes } from '../files/bytes.js';
import { type FileStore, nameIn, type ReadyContent } from '../files/fileStore.js';
import { Dropout, type DropoutState } from '../nn/dropout.js';
import type { Module, StateDict } from '../nn/module.js';
import type { Optimizer } from '../optim/optimizer.js';
import { Parameter, type Tensor } from '../tensor.js';
import { type CheckpointContent, readCheckpoint, writeCheckpoint } from './checkpointFile.js';
import { differences, type Fingerprint } from './fingerprint.js';

/** Name of the file in its store. */
const FILE = 'checkpoint.safetensors';

/** Maximum number of differences in one message. */
const MOST_LISTED = 20;

/** The store's checkpoint, if there is one. */
export async function openCheckpoint(
  store: FileStore,
): Promise<{ readonly bytes: Uint8Array; readonly name: string } | undefined> {
  const file = await store.open(FILE);
  return file && { bytes: await file.read(0, file.length), name: nameIn(store, FILE) };
}

/** Replaces the store's checkpoint as a whole or not at all. */
export async function keepCheckpoint(store: FileStore, content: ReadyContent): Promise<void> {
  await store.write(new Map([[FILE, content]]));
}

/** The position of a training run. */
export interface Position {
  /** Number of steps taken. */
  readonly iteration: number;
  /** Sum of their losses. */
  readonly lossSum: number;
  /** The best validation so far. */
  readonly best:
    | { readonly iteration: number; readonly loss: number; readonly accuracy: number | undefined }
    | undefined;
  readonly worse: number;
  /** Step counts of the optimizer, for each of its parameters. */
  readonly steps: readonly number[];
  /** Step counts before the first iteration. */
  readonly stepsBefore: readonly number[];
}

export interface Checkpoint extends Omit<Position, 'steps'> {
  /** Values of the trained parameters when validation was best. */
  readonly bestState: StateDict;
}

/** The parameters that are trained, by path. */
export function trainedParameters(model: Module): Map<string, Parameter> {
  return new Map([...model.namedParameters()].filter(([, { requiresGrad }]) => requiresGrad));
}

/** The tensors that may change in a training run: trained parameters and buffers. */
function changingTensors(model: Module): Map<string, Tensor> {
  const isFrozen = (tensor: Tensor) => tensor instanceof Parameter && !tensor.requiresGrad;
  return new Map([...model.namedTensors()].filter(([, tensor]) => !isFrozen(tensor)));
}

export async function valuesOf(tensors: ReadonlyMap<string, Tensor>): Promise<StateDict> {
  const state: StateDict = new Map();
  for (const [name, tensor] of tensors) {
    // Parameters and buffers are f32, so they are read as one of the two float arrays.
    state.set(name, { shape: tensor.shape, data: (await tensor.read()) as Float32Array | Float64Array });
  }
  return state;
}

function dropouts(model: Module): Map<string, Dropout> {
  return new Map(
    [...model.namedModules()].filter((entry): entry is [string, Dropout] => entry[1] instanceof Dropout),
  );
}

/**
 * The content of a checkpoint. Everything is float32, as on the device, except float64 on the reference device.
 * @param goesOn  asked often: once it returns false, the result is not a checkpoint
 */
export async function serializeCheckpoint(
  model: Module,
  optimizer: Optimizer,
  fingerprint: Fingerprint,
  { bestState, ...position }: Checkpoint,
  goesOn?: () => Promise<boolean>,
): Promise<ReadyContent> {
  const dropout = new Map<string, DropoutState>();
  for (const [path, module] of dropouts(model)) dropout.set(path, await module.readState());
  const state = await optimizer.stateDict();
  // Counts are kept as integers of any size.
  state.delete('step');
  const parts = { model: await valuesOf(changingTensors(model)), optimizer: state, best: bestState };
  const whole = { ...position, steps: optimizer.stepCounts };
  return writeCheckpoint({ fingerprint, position: whole, dropout, parts }, goesOn);
}

/**
 * Restores model, optimizer and dropouts from a checkpoint.
 * @param iterations  planned number of iterations of the run
 * @throws DataError when it is damaged or from another run, listing every difference; nothing is changed then
 */
export function restoreCheckpoint(
  file: { readonly bytes: Uint8Array; readonly name?: string | undefined },
  model: Module,
  optimizer: Optimizer,
  fingerprint: Fingerprint,
  iterations: number,
): Checkpoint {
  const name = file.name ?? FILE;
  const content = readCheckpoint(asBytes(file.bytes, 'fit: the checkpoint that the store reads'), name);
  const { position, dropout, parts } = content;
  const problems = [...differences(content.fingerprint, fingerprint), ...misfits(content, model)];
  if (problems.length > MOST_LISTED) {
    problems.splice(MOST_LISTED, problems.length, `and ${problems.length - MOST_LISTED} more differences`);
  }
  if (problems.length > 0) throw new DataError(`${name}: is from another run: ${problems.join('; ')}`);
  const { steps, iteration, best } = position;
  if (iteration > iterations) {
    throw new DataError(`${name}: position.iteration must be at most ${iterations}: found ${iteration}`);
  }
  checkBest(parts.best, best !== undefined, model, name);
  try {
    const step = { shape: [steps.length], data: Float64Array.from(steps) };
    optimizer.loadStateDict(new Map([...parts.optimizer, ['step', step]]));
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new DataError(`${name}: ${error.message}`, { cause: error });
  }
  for (const [path, tensor] of changingTensors(model)) tensor.write(parts.model.get(path)?.data ?? []);
  for (const [path, module] of dropouts(model)) {
    const state = dropout.get(path);
    if (state) module.writeState(state);
  }
  return { ...position, bestState: parts.best };
}

/** The differences between a checkpoint and the model. */
function misfits({ parts, dropout }: CheckpointContent, model: Module): string[] {
  const problems: string[] = [];
  const tensors = changingTensors(model);
  for (const [path, { shape }] of tensors) {
    const found = parts.model.get(path)?.shape;
    if (found?.join() !== shape.join())
      problems.push(`${path} was ${found ? `[${found}]` : 'not trained'}, is [${shape}]`);
  }
  for (const path of parts.model.keys()) if (!tensors.has(path)) problems.push(`${path} is not trained now`);
  const modules = dropouts(model);
  for (const path of modules.keys())
    if (!dropout.has(path)) problems.push(`the checkpoint has no dropout at ${path}`);
  for (const path of dropout.keys())
    if (!modules.has(path)) problems.push(`the model has no dropout at ${path}`);
  return problems;
}

/** Checks that the best values are those of all trained parameters, or of none. */
function checkBest(best: StateDict, isValidated: boolean, model: Module, name: string): void {
  if (best.size === 0) return;
  const parameters = trainedParameters(model);
  const fits = (path: string) => best.get(path)?.shape.join() === parameters.get(path)?.shape.join();
  if (isValidated && [...new Set([...parameters.keys(), ...best.keys()])].every(fits)) return;
  throw new DataError(`${name}: the best values must be those of the trained parameters: they are not`);
}
