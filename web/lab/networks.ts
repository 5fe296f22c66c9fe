/** Networks on a device, with and without an adapter, and what they answer. */
import {
  type Backend,
  countParameters,
  type LoraAdapter,
  loadAdapter,
  noGrad,
  type StateDict,
  type Tensor,
} from 'lowrank';
import { DigitsNet } from 'lowrank/mnist';
import type { AdapterFiles, AdapterView, SavedAdapter } from './views.js';

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
  { files, view }: { readonly files: AdapterFiles; readonly view?: AdapterView },
): Promise<Adapted> {
  const { model } = networkOn(device, state);
  try {
    const adapter = await loadAdapter(model, files);
    return { model, files, view: viewOf(model, adapter, view ?? { digits: [], iterations: 0 }) };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** What the page says about an adapter. @param about  which its files do not say */
export function viewOf(
  model: DigitsNet,
  adapter: LoraAdapter,
  { digits, iterations }: Pick<AdapterView, 'digits' | 'iterations'>,
): AdapterView {
  const { trainable, total, trainablePercent: percent } = countParameters(model);
  const { rank, alpha } = adapter.config;
  return { rank, alpha, trainable, total, percent, digits, iterations };
}

/** In evaluation mode, which nobody else sees: a model that is being trained goes on in its own mode. */
export function logitsOf(model: DigitsNet, x: Tensor): Tensor {
  const { training } = model;
  const logits = noGrad(() => model.eval().forward(x));
  model.train(training);
  return logits;
}

/** Reads logits, which are freed, as probabilities. */
export async function probabilities(logits: Tensor | undefined): Promise<number[] | undefined> {
  if (!logits) return undefined;
  const values = Array.from(await logits.read());
  logits.dispose();
  const largest = Math.max(...values);
  const powers = values.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}
