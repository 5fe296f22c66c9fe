/** Several adapters on one model: which are active, how strongly, and in which rows of a batch. */
import type { Module } from '../nn/module.js';
import { elementCount, type Shape, type Tensor, tensor } from '../tensor.js';
import { type Adaptation, adaptationOf, type LoraAdapter } from './adaptation.js';
import { BASE } from './adaptedLayer.js';
import { checkName } from './install.js';
import { whileSwitched } from './switching.js';

/**
 * Makes these adapters active and trainable, with their updates added up, and freezes all others; an empty list gives the
 * base model.
 * @throws RangeError for an unknown name, or where two train one parameter as a whole; Error while another call,
 *   such as `fit`, `evaluate` or `withAdapterDisabled`, uses the model
 * @see https://huggingface.co/docs/peft/package_reference/lora (`set_adapter`)
 */
export function setActiveAdapters(model: Module, names: readonly string[]): void {
  const adaptation = adaptationOf(model, 'setActiveAdapters');
  adaptation.checkSwitchable('setActiveAdapters');
  for (const name of names) adaptation.adapter(name, 'setActiveAdapters');
  adaptation.activate([...new Set(names)]);
  for (const [name, adapter] of adaptation.adapters) {
    for (const parameter of adapter.parameters()) parameter.requiresGrad = names.includes(name);
  }
}

/** The active adapters' names, in the order in which their updates are added. */
export function activeAdapters(model: Module): readonly string[] {
  return adaptationOf(model, 'activeAdapters').active;
}

/** The names of all adapters, in the order in which they were added. */
export function adapterNames(model: Module): readonly string[] {
  return [...adaptationOf(model, 'adapterNames').adapters.keys()];
}

/** The adapter of this name. @throws RangeError when there is none */
export function getAdapter(model: Module, name: string): LoraAdapter {
  return adaptationOf(model, 'getAdapter').adapter(name, 'getAdapter');
}

/**
 * Sets a factor of an adapter's update, besides alpha / rank: 1 is as trained, 0 is no update. It is not saved.
 * @throws RangeError for a number that is not finite, Error while `fit`, `evaluate` or a change uses the model
 */
export function setAdapterScale(model: Module, name: string, factor: number): void {
  const adaptation = adaptationOf(model, 'setAdapterScale');
  const { factors } = adaptation.adapter(name, 'setAdapterScale');
  if (!Number.isFinite(factor)) throw new RangeError(`setAdapterScale: the factor must be finite: ${factor}`);
  adaptation.checkUnused('setAdapterScale', ['switch']);
  adaptation.checkUnmerged('scales');
  for (const each of factors.values()) each.factor = factor;
}

/**
 * Runs `body` on the base model, bit for bit, and makes the adapters active again when it is done or fails. The adapters
 * are off for everything that uses the model until then. Calls may run side by side, or within each other: the adapters come
 * back after the last. The call waits for an `evaluate` that has already begun, and for one that begins in `body`.
 * @returns what `body` returns, awaited
 * @throws Error while `fit` trains the model or `withAdapterPerRow` runs, and in `body` for what trains the model or
 *   changes its adapters
 */
export async function withAdapterDisabled<T>(model: Module, body: () => T | Promise<T>): Promise<T> {
  const call = 'withAdapterDisabled';
  const adaptation = adaptationOf(model, call);
  const set = () => {
    const { active } = adaptation;
    adaptation.activate([]);
    return () => adaptation.activate(active);
  };
  return whileSwitched(adaptation, { call, key: '', set }, body);
}

/**
 * Removes an adapter from the model and frees it; when none is left, frozen parameters stay frozen.
 * @throws RangeError when there is none of this name, Error while another call uses the model
 */
export function deleteAdapter(model: Module, name: string): void {
  const adaptation = adaptationOf(model, 'deleteAdapter');
  adaptation.checkUnused('deleteAdapter');
  adaptation.adapter(name, 'deleteAdapter');
  adaptation.activate(adaptation.active.filter((each) => each !== name));
  for (const layer of adaptation.layers.values()) layer.remove(name);
  for (const switched of adaptation.switched.values()) switched.delete(name);
  adaptation.adapters.delete(name);
}

/** Renames an adapter. @throws RangeError when the new name is taken, Error while another call uses the model */
export function renameAdapter(model: Module, from: string, to: string): void {
  const adaptation = adaptationOf(model, 'renameAdapter');
  adaptation.checkUnused('renameAdapter');
  const adapter = adaptation.adapter(from, 'renameAdapter');
  checkName(model, to);
  const active = adaptation.active.map((name) => (name === from ? to : name));
  for (const layer of adaptation.layers.values()) layer.rename(from, to);
  for (const switched of adaptation.switched.values()) switched.rename(from, to);
  adaptation.adapters.delete(from);
  adaptation.adapters.set(to, adapter);
  adapter.name = to;
  adaptation.activate(active);
}

/**
 * Runs `body`, in which each example of a batch uses its own adapter: the i-th example uses `names[i]`, where `__base__`
 * means none. An input of a layer may have several rows per example, one after another, such as tokens. This holds for
 * everything that uses the model until `body` is done. Calls with the same names may run side by side, or within each other.
 * The call waits for an `evaluate` that has already begun, and for one that begins in `body`.
 * @throws RangeError for a name that does not exist, for rows that do not match the names, and for adapters that train
 *   whole parameters or with DoRA; Error while `fit` trains the model, or `withAdapterDisabled` or a call with other names runs, and in `body` for what trains the
 *   model or changes its adapters
 * @see https://huggingface.co/docs/peft/developer_guides/lora (inference with different adapters in the same batch)
 */
export async function withAdapterPerRow<T>(
  model: Module,
  names: readonly string[],
  body: () => T | Promise<T>,
): Promise<T> {
  const call = 'withAdapterPerRow';
  const adaptation = adaptationOf(model, call);
  if (names.length === 0) throw new RangeError('withAdapterPerRow: names must not be empty');
  // The caller's array may change while the body runs.
  const rows = [...names];
  return whileSwitched(
    adaptation,
    { call, key: JSON.stringify(rows), set: () => mixAdapters(adaptation, rows) },
    body,
  );
}

/** Masks the adapters by rows. @returns a function that removes the masks */
function mixAdapters(adaptation: Adaptation, names: readonly string[]): () => void {
  const used = [...new Set(names)].filter((name) => name !== BASE);
  for (const name of used) checkMixable(adaptation, name);
  const { active } = adaptation;
  const masks = new Map<string, Tensor>();
  adaptation.activate(used);
  adaptation.rows = names;
  for (const layer of adaptation.layers.values()) {
    layer.rowMasks = (adapter, rows) => {
      const key = `${rows} ${adapter}`;
      const mask = masks.get(key) ?? rowMask(layer.baseWeight.device, names, adapter, rows);
      masks.set(key, mask);
      return mask;
    };
  }
  return () => {
    for (const layer of adaptation.layers.values()) layer.rowMasks = undefined;
    for (const mask of masks.values()) mask.dispose();
    adaptation.rows = [];
    adaptation.activate(active);
  };
}

function checkMixable(adaptation: Adaptation, name: string): void {
  const { factors, copies, config } = adaptation.adapter(name, 'withAdapterPerRow');
  const reason =
    copies.size > 0
      ? 'it trains whole parameters'
      : config.method === 'parametrization'
        ? 'it is a parametrization'
        : [...factors.values()].some(({ magnitude, loraBias }) => magnitude || loraBias)
          ? 'it has DoRA or a bias of its own'
          : undefined;
  if (reason)
    throw new RangeError(`withAdapterPerRow: ${name} cannot be mixed with others in a batch: ${reason}`);
}

function rowMask(device: Tensor['device'], names: readonly string[], adapter: string, rows: Shape): Tensor {
  const count = elementCount(rows);
  const perExample = count / names.length;
  if (!Number.isInteger(perExample)) {
    throw new RangeError(`withAdapterPerRow: ${count} rows do not divide among ${names.length} names`);
  }
  // With one leading size, or a first one of 1, the rows of all examples lie one after another.
  if (rows.length > 1 && rows[0] !== 1 && rows[0] !== names.length) {
    throw new RangeError(
      `withAdapterPerRow: the examples come first in an input: there are ${rows[0]}, and ${names.length} names`,
    );
  }
  const mask = Float32Array.from({ length: count }, (_, r) =>
    names[Math.floor(r / perExample)] === adapter ? 1 : 0,
  );
  return tensor(device, mask, [count]);
}
