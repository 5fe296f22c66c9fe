/** `lowrank/text`: language models, their tokenizers, and what they say. */

export { type PackedBatch, type PackedDraw, PackedRows, type RowMember } from './data/packedRows.js';
export type { ModelPlace } from './files/modelPlace.js';
export { Chat, ChatAnswer, type SendOptions } from './generate/chat.js';
export {
  type GenerateOptions,
  Generation,
  type GenerationResult,
  generate,
  type Prompt,
} from './generate/generate.js';
export type { SamplingOptions } from './generate/sampling.js';
export { TextCache } from './generate/textCache.js';
export { dequantize } from './gguf/blocks.js';
export { type GgufTensor, type OpenedGguf, openGguf } from './gguf/open.js';
export type { GgufBlockType, GgufFloatType, GgufNumberType, GgufType } from './gguf/types.js';
export type { GgufArray, GgufScalar, GgufValue } from './gguf/values.js';
export { ggufParts, type WritableGguf, type WritableGgufTensor, type WritableValue } from './gguf/write.js';
export {
  type CompareExamplesOptions,
  compareExamples,
  type ExampleChange,
  type ExampleComparison,
} from './models/compareExamples.js';
export {
  type EvaluateLanguageModelOptions,
  type ExampleScore,
  evaluateLanguageModel,
  type LanguageEvaluation,
  type LanguageScores,
} from './models/evaluateLanguageModel.js';
export {
  type AdapterGgufOptions,
  adapterGgufParts,
  type ExportAdapterOptions,
  exportAdapterGguf,
} from './models/exportAdapterGguf.js';
export type { ExportProgress } from './models/exportLog.js';
export { type ExportMergedOptions, type ExportReport, exportMerged } from './models/exportMerged.js';
export type { GgufFloat } from './models/exportTypes.js';
export { type CacheSizes, KeyValueCache } from './models/keyValueCache.js';
export { LlamaForCausalLM, type LlamaModel } from './models/llama.js';
export type { LlamaConfig, LlamaModelType, RopeConfig, RopeScaling } from './models/llamaConfig.js';
export { type LoadedLanguageModel, type LoadLanguageModelOptions, loadLanguageModel } from './models/load.js';
export { type LoadedTokenizer, loadTokenizer } from './models/loadTokenizer.js';
export { causalContext, causalRanges, type TokenContext } from './models/tokenContext.js';
export { tokenLoss } from './models/tokenLoss.js';
export { type TrainingPlan, type TrainingPlanOptions, trainingPlan } from './models/trainingPlan.js';
export type { WeightsOption } from './models/weights.js';
export { type AnswerFrame, answerFrame } from './text/answerFrame.js';
export { type BadLine, type ReasonCount, reasonCounts, refusalOf } from './text/badLines.js';
export { type EncodeChatOptions, encodeChat } from './text/chat.js';
export { ChatTemplate, type ChatTemplateOptions, type RenderOptions } from './text/chatTemplate.js';
export { type Duplicate, type Duplicates, findDuplicates, type Likeness } from './text/duplicates.js';
export type { ExampleContent } from './text/exampleFormats.js';
export {
  type Completion,
  type TokenExample,
  type TokenizeChatOptions,
  type TokenizeCompletionOptions,
  type TokenizeTextOptions,
  type TrainOn,
  tokenizeChat,
  tokenizeCompletion,
  tokenizeText,
} from './text/examples.js';
export { tokenizerFromFiles } from './text/fromFiles.js';
export { tokenizerFromGguf } from './text/fromGguf.js';
export { GENERAL_EXAMPLES } from './text/generalExamples.js';
export type { ChatMessage } from './text/messages.js';
export type { PackingOptions, PackingReport } from './text/packing.js';
export {
  type ExampleFile,
  type ExampleSource,
  type ReadExample,
  type ReadExamplesOptions,
  readExamples,
} from './text/readExamples.js';
export { type SplitExamples, type SplitOptions, splitExamples } from './text/splitExamples.js';
export { acceptsSystemMessage, defaultSystemMessage } from './text/systemMessage.js';
export type { TextStream } from './text/textStream.js';
export {
  type TokenizedExample,
  type TokenizedExamples,
  type TokenizeExamplesOptions,
  tokenizeExamples,
} from './text/tokenizeExamples.js';
export { type DecodeOptions, type EncodeOptions, Tokenizer } from './text/tokenizer.js';
