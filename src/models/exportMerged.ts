/** A language model with its active adapters merged, as files of their own: for transformers, or for llama.cpp. */
import { checkOptions, type OptionNames } from '../base/options.js';
import { type FileContent, type FileStore, type WritablePlace, writablePlace } from '../files/fileStore.js';
import type { WritableValue } from '../gguf/headerWriter.js';
import { openGguf } from '../gguf/open.js';
import { byteLengthOf } from '../gguf/types.js';
import { ggufParts, type WritableGgufTensor } from '../gguf/write.js';
import { modelParts } from '../nn/module.js';
import { reading } from '../nn/use.js';
import type { FloatType } from '../safetensors/floats.js';
import { safetensorsPartsLater } from '../safetensors/safetensors.js';
import { tokenizerFiles } from '../text/toFiles.js';
import { tokenizerEntries } from '../text/toGguf.js';
import { TOKENIZER_FILES } from '../text/tokenizerFiles.js';
import { configEntries, configJson, ropeFactors } from './exportConfig.js';
import { ExportLog, type ExportProgress } from './exportLog.js';
import {
  checkGgufFloat,
  GGUF_FLOATS,
  type GgufFloat,
  ggufFile,
  roundedRows,
  typeForRows,
} from './exportTypes.js';
import type { LlamaForCausalLM } from './llama.js';
import { ggufArchitecture, ggufName, permutedHeads, permuteRows } from './llamaWeights.js';
import { type MergedWeight, type MergedWeights, mergedWeights } from './mergedWeights.js';
import { type ModelSource, sourceOf, tokenizerOf } from './source.js';

export interface ExportMergedOptions extends ExportProgress {
  /**
   * Format of the files. `safetensors`: a folder for transformers, with config.json, model.safetensors and the tokenizer's files.
   * `gguf`: one file for llama.cpp, with the metadata of the GGUF file that the model was loaded from, or made from its folder.
   */
  readonly format: 'safetensors' | 'gguf';
  /**
   * Element type to which the weights are rounded. Default: F32 in safetensors, which has no Q8_0; F16 in GGUF, whose biases and
   * weights of norms are always F32, and where rows that are not whole blocks of Q8_0 are F16.
   */
  readonly dtype?: GgufFloat | undefined;
  /** Name of the GGUF file in a place with several files. Default `model.gguf`, or the last part of a path that ends with `.gguf`. */
  readonly file?: string | undefined;
}

const NAMES: OptionNames<ExportMergedOptions> = {
  ...{ format: true, dtype: true, file: true },
  ...{ onBytes: true, signal: true },
};

/** Result of an export, with the change from rounding to the requested type. */
export interface ExportReport {
  /** Names of the written files; the first is the one without which the others are useless. */
  readonly files: readonly string[];
  /** The largest |written − merged| of a tensor, relative to its largest |merged|; 0 where nothing was rounded. */
  readonly difference: number;
  /** Hugging Face name of the tensor with this difference. */
  readonly tensor: string | undefined;
  /** Notes on these files, such as a missing tokenizer. */
  readonly notes: readonly string[];
}

/**
 * Writes the current weights of the model, base plus active adapters, without changing it: each weight is decoded, merged in
 * f32, rounded and written before the next is read, so that no second copy of the model is in memory. Where an adapter has
 * changed a tied embedding or head, both are written. During a running `fit`, the values are those between two iterations, and
 * the next iteration waits until everything is written.
 * @param to  files by name, a store, or in Node the path of a directory, or of a file that ends with `.gguf`
 * @throws RangeError for a merged value that is not finite or not in the type (a DataError that says so where the place is a
 *   directory), and for a setting that the format cannot state; DataError where the files that the model was loaded from can no
 *   longer be read, or its tokenizer has no name in llama.cpp, and the reason of a signal (in a directory likewise); the previous
 *   files remain then
 */
export async function exportMerged(
  model: LlamaForCausalLM,
  to: WritablePlace,
  options: ExportMergedOptions,
): Promise<ExportReport> {
  checkOptions('exportMerged', options, NAMES);
  const { format } = options;
  if (format !== 'safetensors' && format !== 'gguf')
    throw new RangeError(`exportMerged: format must be safetensors or gguf: ${format}`);
  const log = new ExportLog(options);
  const { store, files } =
    format === 'gguf' ? await ggufFiles(model, to, options, log) : await folder(model, to, options, log);
  return reading('exportMerged', modelParts(model), async () => {
    const written = files();
    await store.write(written);
    const { difference, tensor, notes } = log;
    return { files: [...written.keys()], difference, tensor, notes };
  });
}

interface Planned {
  readonly store: FileStore;
  /** Contents of the files; the call looks up the weights. */
  readonly files: () => ReadonlyMap<string, FileContent>;
}

async function rounded(weight: MergedWeight, type: GgufFloat, log: ExportLog): Promise<Uint8Array> {
  log.checkSignal();
  const values = await weight.read();
  const columns = weight.shape[weight.shape.length - 1];
  const made = roundedRows(`exportMerged: ${weight.name}`, values, columns, type);
  log.note(weight.name, values, made);
  return made.bytes;
}

const FLOATS = ['F32', 'F16', 'BF16'] as const;
const TORCH_TYPES: Readonly<Record<FloatType, string>> = {
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
};

/** Files that some tokenizers have in addition to those that are read here. */
const OTHER_FILES = ['added_tokens.json', 'merges.txt', 'tokenizer.model', 'vocab.json'];

async function folder(
  model: LlamaForCausalLM,
  to: WritablePlace,
  { dtype = 'F32', file }: ExportMergedOptions,
  log: ExportLog,
): Promise<Planned> {
  checkGgufFloat('exportMerged', dtype, FLOATS);
  if (file !== undefined)
    throw new RangeError('exportMerged: file applies only to format gguf: a folder has several files');
  const type = dtype as FloatType;
  const store = writablePlace('exportMerged: to', to);
  const source = sourceOf(model);
  const tokens = source && (await tokenizerOf(source));
  const texts = await textFiles(model, source, log);
  return {
    store,
    files: () => {
      const { config, weights } = mergedWeights(model);
      log.begin(byteLengthOfAll(weights, () => type));
      const tensors = weights.map((weight) => {
        const bytes = () => rounded(weight, type, log);
        return [weight.name, { dtype: type, shape: weight.shape, bytes }] as const;
      });
      return new Map<string, FileContent>([
        ['config.json', new TextEncoder().encode(configJson(config, TORCH_TYPES[type], tokens))],
        ['model.safetensors', safetensorsPartsLater(tensors, { format: 'pt' })],
        ...texts,
      ]);
    },
  };
}

/** The tokenizer's files: those of the model's folder, or files made from its GGUF file. */
async function textFiles(
  { config }: LlamaForCausalLM,
  source: ModelSource | undefined,
  log: ExportLog,
): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  if (!source) log.notes.push('no tokenizer is written: the model was not loaded from files');
  else if ('open' in source) {
    for (const name of [...TOKENIZER_FILES, ...OTHER_FILES]) {
      const found = await source.open(name);
      // A copy: the export may overwrite the folder that it reads.
      if (found) files.set(name, (await found.read(0, found.length)).slice());
    }
  } else {
    const made = tokenizerFiles(await tokenizerOf(source), config.contextLength);
    for (const [name, text] of made) files.set(name, new TextEncoder().encode(text));
  }
  return files;
}

/** Values of `general.file_type`. */
const FILE_TYPES: Readonly<Record<GgufFloat, number>> = { F32: 0, F16: 1, Q8_0: 7, BF16: 32 };

async function ggufFiles(
  model: LlamaForCausalLM,
  to: WritablePlace,
  { dtype = 'F16', file = 'model.gguf' }: ExportMergedOptions,
  log: ExportLog,
): Promise<Planned> {
  checkGgufFloat('exportMerged', dtype, GGUF_FLOATS);
  const { store, name } = ggufFile('exportMerged', to, file);
  const factors = factorsFor(model);
  const given = await entriesOf(model, sourceOf(model), log);
  const metadata = new Map(given.filter(([key]) => !isOfFile(key)));
  metadata.set('general.file_type', { type: 'u32', value: FILE_TYPES[dtype] });
  metadata.set('general.quantization_version', { type: 'u32', value: 2 });
  const tensorsOf = ({ config, weights }: MergedWeights): WritableGgufTensor[] => {
    log.begin(byteLengthOfAll(weights, (weight) => ggufTypeOf(weight, dtype)));
    return [
      ...(factors ? [factorsTensor(factors)] : []),
      ...weights.map((weight) => ggufTensor(weight, permutedHeads(weight.name, config), dtype, log)),
    ];
  };
  if (model.config.slidingWindow !== undefined)
    log.notes.push(
      `llama.cpp has no sliding window for this architecture: it is the same model up to ${model.config.slidingWindow} tokens`,
    );
  const wide = mergedWeights(model).weights.filter(({ role, shape }) => {
    return role !== 'vector' && typeForRows(shape[1], dtype) !== dtype;
  });
  if (wide.length > 0)
    log.notes.push(`${wide.length} matrices are F16: their rows are not whole blocks of ${dtype}`);
  return {
    store,
    files: () => new Map([[name, ggufParts({ metadata, tensors: tensorsOf(mergedWeights(model)) })]]),
  };
}

/** Whether an entry describes the file that was read, not the one that is written. */
function isOfFile(key: string): boolean {
  return key === 'general.alignment' || /^(split|quantize)\./.test(key);
}

async function entriesOf(
  { config }: LlamaForCausalLM,
  source: ModelSource | undefined,
  log: ExportLog,
): Promise<(readonly [string, WritableValue])[]> {
  if (source && !('open' in source)) return [...(await openGguf(source.source, source.name)).entries];
  const made = configEntries(config);
  if (source)
    return [...made, ...tokenizerEntries(await tokenizerOf(source), config.vocabularySize, source.name)];
  log.notes.push('no tokenizer is written: the model was not loaded from files');
  return made;
}

/** The factors of rotary angles, if any. @throws RangeError where llama.cpp has none for the architecture */
function factorsFor({ config }: LlamaForCausalLM): Float32Array | undefined {
  const factors = ropeFactors(config);
  if (!factors || ggufArchitecture(config) === 'llama') return factors;
  throw new RangeError(
    `exportMerged: llama.cpp has no rope_freqs in models of architecture ${ggufArchitecture(config)}: use format safetensors`,
  );
}

function factorsTensor(factors: Float32Array): WritableGgufTensor {
  const { bytes } = roundedRows('exportMerged: rope_freqs.weight', factors, factors.length, 'F32');
  return {
    ...{ name: 'rope_freqs.weight', shape: [factors.length], type: 'F32' },
    ...{ byteLength: bytes.length, bytes },
  };
}

function ggufTypeOf({ role, shape }: MergedWeight, dtype: GgufFloat): GgufFloat {
  return role === 'vector' ? 'F32' : typeForRows(shape[1], dtype);
}

function byteLengthOfAll(
  weights: readonly MergedWeight[],
  typeOf: (weight: MergedWeight) => GgufFloat,
): number {
  return weights.reduce((sum, each) => sum + Number(byteLengthOf(typeOf(each), each.shape)), 0);
}

function ggufTensor(
  weight: MergedWeight,
  heads: number | undefined,
  dtype: GgufFloat,
  log: ExportLog,
): WritableGgufTensor {
  const { name, shape } = weight;
  const type = ggufTypeOf(weight, dtype);
  const bytes = async () => {
    const made = await rounded(weight, type, log);
    return heads === undefined ? made : permuteRows(made, shape[0], heads);
  };
  return { name: ggufName(name), shape, type, byteLength: Number(byteLengthOf(type, shape)), bytes };
}
