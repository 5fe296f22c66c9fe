/** A language model's tokenizer and config, without its weights. */
import { type ModelPlace, modelPlace } from '../files/modelPlace.js';
import { readTokenizer } from '../text/fromFiles.js';
import type { Tokenizer } from '../text/tokenizer.js';
import type { LlamaConfig } from './llamaConfig.js';
import { openGgufModel, readModelConfig } from './modelSources.js';

export interface LoadedTokenizer {
  readonly tokenizer: Tokenizer;
  readonly config: LlamaConfig;
}

/**
 * Reads the parts of a model that preparing training data requires: its tokenizer and its config. No device is used.
 * @param from  as `loadLanguageModel` takes it; a folder needs no weights
 * @throws DataError for files that are not what they claim, or a model that is not supported
 */
export async function loadTokenizer(from: ModelPlace): Promise<LoadedTokenizer> {
  const place = await modelPlace('loadTokenizer: from', from);
  if ('open' in place) {
    const config = await readModelConfig(place);
    return { config, tokenizer: await readTokenizer(place) };
  }
  const { config, tokenizer } = await openGgufModel(place.source, place.name);
  return { config, tokenizer };
}
