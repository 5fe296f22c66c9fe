/** Networks on a device, with and without an adapter, and what they answer. */
import {
  type Backend,
  countParameters,
  DataError,
  type LoraAdapter,
  loadAdapter,
  noGrad,
  type StateDict,
  type Tensor,
} from 'lowrank';
import { DigitsNet } from 'lowrank/mnist';
import { ABOUT, MOST_DRAWINGS, readAbout } from '../about.js';
import { crc32 } from '../crc32.js';
import { digitsOf, type TeachOptions } from './teaching.js';
import type { AdapterFiles, AdapterView, SavedAdapter, Taught } from './views.js';

const CONFIG = 'adapter_config.json';

/** A network on the device, and its values on the host for the next device. */
export interface Network {
  readonly model: DigitsNet;
  readonly state: StateDict;
}

export interface Adapted extends SavedAdapter {
  readonly model: DigitsNet;
}

export function networkOn(device: Backend, state: StateDict): Network {
  const model = new DigitsNet(device);
  try {
    model.loadStateDict(state);
    return { model, state };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** @throws DataError saying what is wrong with the files */
export async function adaptedOn(
  device: Backend,
  state: StateDict,
  { files, view }: { readonly files: AdapterFiles; readonly view: Taught },
): Promise<Adapted> {
  const { model } = networkOn(device, state);
  try {
    const adapter = await loadAdapter(model, files);
    return { model, files, view: viewOf(model, adapter, view) };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/**
 * Loads an adapter from elsewhere, with what its files say about its origin.
 * @throws DataError saying first that it is not an adapter or does not fit, and then what is wrong
 */
export async function carriedOn(
  device: Backend,
  state: StateDict,
  carried: AdapterFiles,
): Promise<{ readonly adapted: Adapted; readonly note: string | undefined }> {
  const files = new Map([...carried].filter(([name]) => name !== ABOUT));
  const here = fingerprint(state);
  const { taught, note } = taughtIn(carried.get(ABOUT));
  const view = { base: here, ...taught };
  try {
    const adapted = await adaptedOn(device, state, { files, view });
    if (view.base === here) return { adapted, note };
    return { adapted, note: 'It was taught on another network, so on this one its answers mean little' };
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    const what = isLora(files)
      ? 'This adapter does not fit this network, or it is damaged.'
      : 'This is not a LoRA adapter.';
    throw new DataError(`${what} ${error.message}`, { cause: error });
  }
}

function taughtIn(about: Uint8Array | undefined): { readonly taught: Taught; readonly note?: string } {
  const unknown = { digits: [], iterations: 0 };
  if (!about) return { taught: unknown };
  try {
    return { taught: readAbout(about) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { taught: unknown, note: `What it was taught is not known: its ${ABOUT} ${reason}` };
  }
}

/** Whether the config says that it is LoRA, whatever else is wrong. */
function isLora(files: AdapterFiles): boolean {
  try {
    const config: unknown = JSON.parse(new TextDecoder().decode(files.get(CONFIG)));
    return Object.is(Object(config).peft_type, 'LORA');
  } catch {
    return false;
  }
}

/** Checksum of the numbers, whatever file they came in. */
export function fingerprint(state: StateDict): string {
  const names = [...state.keys()].sort();
  const sum = names.reduce((before, name) => {
    const values = Float32Array.from(state.get(name)?.data ?? []);
    return crc32(new Uint8Array(values.buffer), before);
  }, 0);
  return `crc32:${sum.toString(16).padStart(8, '0')}`;
}

export function taughtBy(options: TeachOptions, iterations: number, seconds: number): Taught {
  const { what, replay } = options;
  const all = 'drawings' in what ? what.drawings : [];
  const [digits, drawings] = [digitsOf(options), all.slice(-MOST_DRAWINGS)];
  return { digits, iterations, replay, seconds, drawingCount: all.length, drawings };
}

/** What the page says about an adapter. */
export function viewOf(model: DigitsNet, adapter: LoraAdapter, taught: Taught): AdapterView {
  const { digits, iterations, replay, seconds, drawingCount, drawings, base } = taught;
  const { trainable, total, trainablePercent: percent } = countParameters(model);
  const { rank, alpha } = adapter.config;
  const size = { rank, alpha, trainable, total, percent };
  return { ...size, digits, iterations, replay, seconds, drawingCount, drawings, base };
}

/** Computes in evaluation mode, then restores the mode of a model in training. */
export function logitsOf(model: DigitsNet, x: Tensor): Tensor {
  const { training } = model;
  const logits = noGrad(() => model.eval().forward(x));
  model.train(training);
  return logits;
}

/** Reads logits as probabilities, and frees them. */
export async function probabilities(logits: Tensor | undefined): Promise<number[] | undefined> {
  if (!logits) return undefined;
  const values = Array.from(await logits.read());
  logits.dispose();
  const largest = Math.max(...values);
  const powers = values.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}
