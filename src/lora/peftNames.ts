/** PEFT's names of an adapter's tensors. */
import type { ResolvedLoraConfig } from './config.js';
import { ownerAmong } from './matching.js';

/** Prefix of every name in a file. */
export const PREFIX = 'base_model.model.';

/** The key of a whole parameter; the bias of an adapted layer is in what PEFT calls its base layer. */
export function wholeKey(path: string, layers: { has(path: string): boolean }): string {
  const module = path.slice(0, path.lastIndexOf('.'));
  return layers.has(module)
    ? `${PREFIX}${module}.base_layer.${path.slice(module.length + 1)}`
    : PREFIX + path;
}

/**
 * The names under which PEFT writes the bias of a whole module again when `bias` is all: as trained, and as it was, where
 * its wrapper of that module has them. In a module of several, the adapter's name stays in it. Undefined for everything else.
 */
export function repeatedKeys(
  path: string,
  { name, config: { bias, modulesToSave } }: { readonly name: string; readonly config: ResolvedLoraConfig },
): { trained: string; original: string } | undefined {
  const owner = bias === 'all' && /(^|\.)bias$/.test(path) ? ownerAmong(path, modulesToSave) : undefined;
  if (owner === undefined) return undefined;
  const inner = path.slice(owner.length + 1);
  const key = (wrapper: string) => `${PREFIX}${owner}.${wrapper}.${inner}`;
  return {
    trained: key(inner.includes('.') ? `modules_to_save.${name}` : 'modules_to_save'),
    original: key('original_module'),
  };
}
