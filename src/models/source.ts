/** The files that a model was loaded from: an export reads the tokenizer from them again, so that it need not be kept. */
import type { FileSource } from '../files/fileSource.js';
import type { ModelFile } from '../files/modelPlace.js';
import { openGguf } from '../gguf/open.js';
import { readFacts } from '../text/fromFiles.js';
import { factsFromGguf } from '../text/fromGguf.js';
import type { TokenizerFacts } from '../text/tokenizer.js';
import type { LlamaForCausalLM } from './llama.js';

/** A GGUF file, or a folder. */
export type ModelSource = ModelFile | FileSource;

const sources = new WeakMap<LlamaForCausalLM, ModelSource>();

export function keepSource(model: LlamaForCausalLM, source: ModelSource): void {
  sources.set(model, source);
}

/** The files of a model; undefined for one that `loadLanguageModel` did not make. */
export function sourceOf(model: LlamaForCausalLM): ModelSource | undefined {
  return sources.get(model);
}

/** Reads the facts of the tokenizer. @throws DataError where the files no longer exist, or have changed */
export async function tokenizerOf(source: ModelSource): Promise<TokenizerFacts> {
  if ('open' in source) return readFacts(source);
  return factsFromGguf((await openGguf(source.source, source.name)).metadata, source.name);
}
