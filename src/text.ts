/** `lowrank/text`: language models, their tokenizers, and what they say. */

export type { ModelPlace } from './files/modelPlace.js';
export { Chat } from './generate/chat.js';
export {
  type GenerateOptions,
  Generation,
  type GenerationResult,
  generate,
  type Prompt,
} from './generate/generate.js';
export type { SamplingOptions } from './generate/sampling.js';
export { TextCache } from './generate/textCache.js';
export {
  type AdapterGgufOptions,
  adapterGgufParts,
  type ExportAdapterOptions,
  exportAdapterGguf,
} from './models/exportAdapterGguf.js';
export { type ExportMergedOptions, type ExportReport, exportMerged } from './models/exportMerged.js';
export type { GgufFloat } from './models/exportTypes.js';
export { LlamaForCausalLM } from './models/llama.js';
export type { LlamaConfig } from './models/llamaConfig.js';
export { type LoadedLanguageModel, type LoadLanguageModelOptions, loadLanguageModel } from './models/load.js';
export { encodeChat } from './text/chat.js';
export { ChatTemplate } from './text/chatTemplate.js';
export { tokenizerFromFiles } from './text/fromFiles.js';
export { tokenizerFromGguf } from './text/fromGguf.js';
export type { ChatMessage } from './text/messages.js';
export { Tokenizer } from './text/tokenizer.js';
