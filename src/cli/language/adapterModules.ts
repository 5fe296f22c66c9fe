/** Which modules of a language model an adapter changes, in which layers, and with which ranks, from its tensors' names. */
import { printable } from '../../base/printable.js';
import { groupedTable } from '../table.js';
import type { InspectedTensor } from '../tensorsTable.js';

export interface AdapterModule {
  /** Name without the layer number: `self_attn.q_proj`, or `attn_q` in a GGUF file. */
  readonly module: string;
  /** Layer numbers, ascending; empty for a module that belongs to no layer, such as the head. */
  readonly layers: readonly number[];
  /** Ascending. */
  readonly ranks: readonly number[];
  /** Whether it has DoRA magnitudes. */
  readonly dora: boolean;
}

/** Characters of a name. */
const MAX_NAME = 60;

/** PEFT's names, and those of GGUF files. */
const PEFT =
  /^base_model\.model\.(?:model\.)?(?:layers\.(\d{1,6})\.)?(.+)\.lora_(?:A|embedding_A|magnitude_vector)(?:\.weight)?$/;
const GGUF = /^(?:blk\.(\d{1,6})\.)?(.+)\.weight\.lora_a$/;

/** The modules by name; empty for a file without numbered layers, and for one that is not an adapter. */
export function modulesOf(tensors: readonly InspectedTensor[]): AdapterModule[] {
  const found = new Map<string, { layers: Set<number>; ranks: Set<number>; dora: boolean }>();
  let hasLayers = false;
  for (const { name, shape } of tensors) {
    const [, layer, module] = PEFT.exec(name) ?? GGUF.exec(name) ?? [];
    if (module === undefined) continue;
    const entry = found.get(module) ?? { layers: new Set(), ranks: new Set(), dora: false };
    found.set(module, entry);
    hasLayers ||= layer !== undefined;
    if (layer !== undefined) entry.layers.add(Number(layer));
    if (name.includes('lora_magnitude_vector')) entry.dora = true;
    else if (shape.length === 2) entry.ranks.add(rankOf(name, shape));
  }
  if (!hasLayers) return [];
  const ascending = (numbers: ReadonlySet<number>) => [...numbers].sort((a, b) => a - b);
  return Array.from(found, ([module, { layers, ranks, dora }]) => ({
    ...{ module, layers: ascending(layers), ranks: ascending(ranks), dora },
  })).sort((a, b) => (a.module < b.module ? -1 : 1));
}

/** Rows of A; in a GGUF file, A of the embedding is [rows, rank]. */
function rankOf(name: string, shape: readonly number[]): number {
  return name === 'token_embd.weight.lora_a' ? shape[1] : shape[0];
}

/** The modules as a table; no lines where there are none. */
export function modulesTable(modules: readonly AdapterModule[]): string[] {
  if (modules.length === 0) return [];
  const hasDora = modules.some(({ dora }) => dora);
  const rows = modules.map(({ module, layers, ranks, dora }) => [
    ...[printable(module, MAX_NAME), rangesOf(layers), `${layers.length || ''}`, ranks.join(', ')],
    ...(hasDora ? [dora ? 'yes' : ''] : []),
  ]);
  const heading = ['module', 'layers', 'count', 'rank', ...(hasDora ? ['DoRA'] : [])];
  return [groupedTable([[heading], rows], [0, 1])];
}

/** `0–3, 7`, of ascending numbers. */
function rangesOf(numbers: readonly number[]): string {
  const parts: string[] = [];
  for (let i = 0; i < numbers.length; i++) {
    const first = numbers[i];
    while (numbers[i + 1] === numbers[i] + 1) i++;
    parts.push(first === numbers[i] ? `${first}` : `${first}–${numbers[i]}`);
  }
  return parts.join(', ');
}
