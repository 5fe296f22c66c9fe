/** Decides by its name where a dropped file belongs. */

export type Belongs = 'model' | 'examples' | 'zip' | 'adapter' | 'nowhere';

const named = (pattern: RegExp) => (name: string) => pattern.test(name);

const isExamples = named(/\.(?:jsonl?|ndjson|csv|tsv|txt|md)$/i);
const isWeights = named(/\.(?:gguf|safetensors)$/i);
/** Files that accompany the weights of a model. */
const isBeside = named(/^(?:config|generation_config|tokenizer|tokenizer_config|special_tokens_map)\.json$/i);
const isAdapter = named(/^adapter_(?:config\.json|model\.safetensors)$/i);

/** @param names  names of the files that were dropped together */
export function belongs(names: readonly string[]): Belongs {
  if (names.some(named(/\.zip$/i))) return 'zip';
  if (names.some(isAdapter)) return 'adapter';
  if (names.some((name) => isWeights(name) || isBeside(name))) return 'model';
  return names.some(isExamples) ? 'examples' : 'nowhere';
}

/** The files among them that are opened: a zip and examples one at a time. */
export function opened<F extends { readonly name: string }>(files: readonly F[], as: Belongs): readonly F[] {
  const first = (isIt: (name: string) => boolean) => files.filter(({ name }) => isIt(name)).slice(0, 1);
  switch (as) {
    case 'zip':
      return first(named(/\.zip$/i));
    case 'examples':
      return first(isExamples);
    case 'adapter':
      return files.filter(({ name }) => isAdapter(name) || name === 'lowrank.json');
    case 'model':
      return files;
    case 'nowhere':
      return [];
  }
}

/** The message about files that the page cannot open. */
export function unknownSentence(names: readonly string[]): string {
  const given = names.slice(0, 3).join(', ') + (names.length > 3 ? ', …' : '');
  return `This page cannot open ${given || 'what was dropped'}: it takes models (.gguf, .safetensors), examples (.jsonl, .csv, .txt) and its own zips.`;
}
