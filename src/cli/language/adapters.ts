/** Adapters that the commands add to a language model. */
import { DataError, setActiveAdapters, setAdapterScale } from '../../core.js';
import { loadAdapter } from '../../index.js';
import type { LlamaForCausalLM } from '../../models/llama.js';
import { path } from '../values.js';
import { type ModelUse, originNotes } from './adapterOrigin.js';

/** The directory of an adapter, and how much of it. */
export interface AdapterAt {
  readonly directory: string;
  readonly scale: number;
}

/** `DIR` or `DIR@SCALE`; a directory whose own name ends so is given with `@1`. @throws UsageError */
export function adapterAt(text: string): AdapterAt {
  const [, directory, scale] = /^(.+)@(-?(?:\d+\.?\d*|\.\d+))$/.exec(text) ?? [];
  if (directory !== undefined) return { directory, scale: Number(scale) };
  return { directory: path('--adapter', text), scale: 1 };
}

/** The model that adapters are added to. */
export interface AdapterUse extends ModelUse {
  /** Called with the notes about each adapter. */
  readonly notice: (text: string) => void;
}

/**
 * Loads adapters and makes all of them active.
 * @throws DataError where one cannot be read, or changes no layer of the model
 */
export async function addAdapters(
  model: LlamaForCausalLM,
  adapters: readonly AdapterAt[],
  { notice, ...use }: AdapterUse,
): Promise<void> {
  const names: string[] = [];
  for (const [i, { directory, scale }] of adapters.entries()) {
    const name = `adapter${i + 1}`;
    const { notes, layers } = await loadAdapter(model, directory, { name });
    // One that changes no layer would be served as the base.
    if (layers.size === 0) throw new DataError(`${directory}: adapts no layer of this model`);
    const origin = await originNotes(directory, use);
    for (const note of [...notes, ...origin]) notice(`note: ${directory}: ${note}`);
    setAdapterScale(model, name, scale);
    names.push(name);
  }
  if (names.length > 0) setActiveAdapters(model, names);
}
