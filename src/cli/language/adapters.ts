/** The adapters that commands take as `DIR` or `DIR@SCALE`, put on a language model. */
import { DataError, setActiveAdapters, setAdapterScale } from '../../core.js';
import { loadAdapter } from '../../index.js';
import type { LlamaForCausalLM } from '../../models/llama.js';
import type { AdapterAt } from '../generateOptions.js';

/**
 * Loads adapters as `adapter1`, `adapter2`, …, each scaled, and makes all of them active; without any it does nothing.
 * @throws DataError for one that cannot be read, or changes no layer of this model
 */
export async function addAdapters(
  model: LlamaForCausalLM,
  adapters: readonly AdapterAt[],
  notice: (text: string) => void,
): Promise<void> {
  const names: string[] = [];
  for (const [i, { directory, scale }] of adapters.entries()) {
    const name = `adapter${i + 1}`;
    const { notes, layers } = await loadAdapter(model, directory, { name });
    // One that changes no layer would be served as the base.
    if (layers.size === 0) throw new DataError(`${directory}: adapts no layer of this model`);
    for (const note of notes) notice(`note: ${note}`);
    setAdapterScale(model, name, scale);
    names.push(name);
  }
  if (names.length > 0) setActiveAdapters(model, names);
}
