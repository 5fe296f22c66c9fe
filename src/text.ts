/** `lowrank/text`: language models, their tokenizers, and what they say. */

export { type PackedBatch, type PackedDraw, PackedRows } from './data/packedRows.js';
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
export { LlamaForCausalLM } from './models/llama.js';
export type { LlamaConfig } from './models/llamaConfig.js';
export { type LoadedLanguageModel, type LoadLanguageModelOptions, loadLanguageModel } from './models/load.js';
export { encodeChat } from './text/chat.js';
export { ChatTemplate } from './text/chatTemplate.js';
export {
  type Completion,
  type TokenExample,
  type TokenizeChatOptions,
  tokenizeChat,
  tokenizeCompletion,
  tokenizeText,
} from './text/examples.js';
export { tokenizerFromFiles } from './text/fromFiles.js';
export { tokenizerFromGguf } from './text/fromGguf.js';
export type { ChatMessage } from './text/messages.js';
export type { PackingOptions, PackingReport } from './text/packing.js';
export { Tokenizer } from './text/tokenizer.js';
