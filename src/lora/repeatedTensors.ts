/**
 * Tensors that PEFT writes besides an adapter's own: weights of the base, such as `….embed_tokens.base_layer.weight`, which
 * replace the base's when PEFT loads them, and other copies of what is trained.
 */
import { type HostTensor, joinPath, type Module } from '../nn/module.js';
import type { Tensor } from '../tensor.js';
import { findAdaptation } from './adaptation.js';
import { isSavedWhole } from './matching.js';
import { PREFIX } from './peftNames.js';
import { baseModules } from './targets.js';

/** The tensors of a model as they are without adapters, by path. */
export function baseTensors(model: Module): Map<string, Tensor> {
  const adaptation = findAdaptation(model);
  const tensors = new Map<string, Tensor>();
  for (const [path, module] of baseModules(model)) {
    for (const [name, tensor] of module.namedTensors()) {
      const whole = joinPath(path, name);
      if (!name.includes('.')) tensors.set(whole, adaptation?.switched.get(whole)?.original ?? tensor);
    }
    const layer = adaptation?.layers.get(path);
    if (layer) tensors.set(joinPath(path, 'weight'), layer.baseWeight);
  }
  return tensors;
}

/** Problems and notes about tensors besides an adapter's own. */
export interface RepeatedReport {
  /** Reasons to refuse the file. */
  readonly problems: readonly string[];
  /** Notes for the user about what was left out. */
  readonly notes: readonly string[];
}

/**
 * Checks the tensors of a file that are not the adapter's own. Copies of known values are left out; all others are problems.
 * @param extra           by key
 * @param own             the adapter's, by key
 * @param modulesToSave   of its config
 */
export async function checkRepeated(
  extra: ReadonlyMap<string, HostTensor>,
  own: ReadonlyMap<string, HostTensor>,
  base: ReadonlyMap<string, Tensor>,
  modulesToSave: readonly string[],
): Promise<RepeatedReport> {
  const problems: string[] = [];
  const dropped: string[] = [];
  for (const [key, found] of extra) {
    const path = key.startsWith(PREFIX) ? key.slice(PREFIX.length) : '';
    const wrapped = ofWrapper(path, modulesToSave);
    // The base's own values of what is trained as a whole: nothing is computed with them.
    if (wrapped?.wrapper === 'original_module' && base.has(wrapped.path)) continue;
    const trained = wrapped?.trained.map((each) => own.get(PREFIX + each)).find((each) => each !== undefined);
    if (trained) {
      if (!isEqual(found, trained)) problems.push(`${key} differs from the values that are trained`);
      continue;
    }
    const original = base.get(path.replace(/\.base_layer\.([^.]+)$/, '.$1'));
    if (!original) problems.push(`unexpected ${key}`);
    else if (isEqual(found, { shape: original.shape, data: await original.read() })) dropped.push(key);
    else {
      problems.push(
        `${key} [${found.shape}] differs from the base's [${original.shape}]: a base that was resized or trained with the adapter, such as a vocabulary, is not supported`,
      );
    }
  }
  const notes = dropped.map((key) => `${key} is left out: it is the base's own weight`);
  return { problems, notes };
}

/** The part of a key after the wrapper of a module that is saved whole: the path, with and without the adapter's name. */
function ofWrapper(path: string, modulesToSave: readonly string[]) {
  const [, owner, wrapper, inner] = /^(.*?)\.(original_module|modules_to_save)\.(.*)$/.exec(path) ?? [];
  if (owner === undefined || !isSavedWhole(owner, modulesToSave)) return undefined;
  const trained = [`${owner}.${inner}`, `${owner}.${inner.replace(/^[^.]*\./, '')}`];
  return { wrapper, path: trained[0], trained };
}

interface Values {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

function isEqual(a: Values, b: Values): boolean {
  if (a.shape.join() !== b.shape.join()) return false;
  for (let i = 0; i < a.data.length; i++) if (a.data[i] !== b.data[i]) return false;
  return true;
}
