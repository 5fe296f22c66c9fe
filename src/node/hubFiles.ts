/** Chooses the files of a repository that make up a model: only those that loading reads. */
import { TOKENIZER_FILES } from '../text/tokenizerFiles.js';

export const INDEX = 'model.safetensors.index.json';
const WHOLE = 'model.safetensors';
/** Maximum number of names that a message lists. */
const MOST_LISTED = 12;

export type ModelFiles =
  /** One GGUF file. */
  | { readonly kind: 'gguf'; readonly file: string }
  /** A folder: small files, then the weights, or the index that names them. */
  | { readonly kind: 'folder'; readonly small: readonly string[]; readonly weights: string }
  /** Several files of which one must be chosen, or none that fits. */
  | { readonly kind: 'unclear'; readonly why: string }
  | { readonly kind: 'none'; readonly why: string };

/**
 * @param names  names of all files of the repository, or of those that the cache holds
 * @param file   the requested GGUF file
 */
export function modelFiles(names: readonly string[], file: string | undefined): ModelFiles {
  const all = new Set(names);
  const ggufs = names.filter((name) => /\.gguf$/i.test(name)).sort();
  if (file !== undefined) return oneOf(ggufs, file);
  const weights = [WHOLE, INDEX].find((name) => all.has(name));
  if (weights !== undefined && all.has('config.json')) {
    if (!all.has('tokenizer.json')) return { kind: 'none', why: 'has no tokenizer.json' };
    return { kind: 'folder', small: TOKENIZER_FILES.filter((name) => all.has(name)), weights };
  }
  if (ggufs.length === 1) return { kind: 'gguf', file: ggufs[0] };
  if (ggufs.length > 1) return { kind: 'unclear', why: `has several GGUF files: ${howToChoose(ggufs)}` };
  return { kind: 'none', why: whyNone(all) };
}

/** The file of that name, or the only one whose name ends so before `.gguf`: `Q4_K_M` of `model-Q4_K_M.gguf`. */
function oneOf(ggufs: readonly string[], file: string): ModelFiles {
  if (ggufs.includes(file)) return { kind: 'gguf', file };
  const ending = file.toLowerCase().replace(/\.gguf$/, '');
  const fitting = ggufs.filter((name) => {
    const stem = name.toLowerCase().slice(0, -'.gguf'.length);
    return stem.endsWith(ending) && /^$|[/._-]$/.test(stem.slice(0, stem.length - ending.length));
  });
  if (fitting.length === 1) return { kind: 'gguf', file: fitting[0] };
  if (fitting.length > 1)
    return { kind: 'unclear', why: `has several files for ${file}: ${howToChoose(fitting)}` };
  const others = ggufs.length > 0 ? `: its GGUF files are ${listed(ggufs)}` : ' and no other GGUF file';
  return { kind: 'none', why: `has no ${file}${others}` };
}

function howToChoose(ggufs: readonly string[]): string {
  return `${listed(ggufs)}: choose one with ORG/NAME:FILE`;
}

function whyNone(names: ReadonlySet<string>): string {
  if (names.has('adapter_config.json')) return 'is an adapter, which is given beside its model';
  const pickle = [...names].find((name) => /^pytorch_model.*\.bin$/.test(name));
  if (pickle !== undefined)
    return `has ${pickle}, whose pickle can run any code and is not read, and no safetensors`;
  const lacks = names.has('config.json') ? 'has no model.safetensors' : 'has no config.json';
  return `${lacks} and no GGUF file`;
}

function listed(names: readonly string[]): string {
  const more = names.length > MOST_LISTED ? ` and ${names.length - MOST_LISTED} more` : '';
  return `${names.slice(0, MOST_LISTED).join(', ')}${more}`;
}
