/** The files of a language model, opened: its config, its tokenizer's data, and its tensors by their Hugging Face names. */
import { DataError } from '../base/errors.js';
import type { ByteSource } from '../files/byteSource.js';
import type { FileSource } from '../files/fileSource.js';
import { nameIn } from '../files/fileStore.js';
import { dequantize } from '../gguf/blocks.js';
import { type GgufTensor, type OpenedGguf, openGguf } from '../gguf/open.js';
import { openModel, type TensorSource } from '../safetensors/open.js';
import { readTokenizer } from '../text/fromFiles.js';
import { tokenizerFromGguf } from '../text/fromGguf.js';
import type { Tokenizer } from '../text/tokenizer.js';
import { configFromGguf } from './configGguf.js';
import { parseModelConfig } from './configJson.js';
import type { LlamaConfig } from './llamaConfig.js';
import { ggufName, llamaWeights, permutedHeads, unpermuteRows } from './llamaWeights.js';
import type { WeightSource } from './weights.js';

export interface OpenedLanguageModel {
  readonly config: LlamaConfig;
  readonly tokenizer: Tokenizer;
  /** Tensors of the config, and any others in the files. */
  readonly sources: ReadonlyMap<string, WeightSource>;
  /** Name of the files in errors. */
  readonly name: string;
}

/** Maximum bytes of a config.json, far above any real one. */
const MAX_CONFIG_BYTES = 1_000_000;

/**
 * @param made  its tokenizer, if it exists already
 * @throws DataError for a file that is not what it claims, or a model that is not supported
 */
export async function openGgufModel(
  source: ByteSource,
  name: string,
  made?: Tokenizer,
): Promise<OpenedLanguageModel> {
  const opened = await openGguf(source, name);
  const config = await readGgufConfig(opened, name);
  const tokenizer = made ?? tokenizerFromGguf(opened.metadata, name);
  const sources = new Map<string, WeightSource>();
  const known = new Set(['rope_freqs.weight']);
  for (const key of llamaWeights(config).keys()) {
    const tensor = opened.tensors.get(ggufName(key));
    known.add(ggufName(key));
    if (tensor) sources.set(key, ggufSource(tensor, permutedHeads(key, config), name));
  }
  for (const [key, tensor] of opened.tensors)
    if (!known.has(key)) sources.set(key, ggufSource(tensor, undefined, name));
  return { config, tokenizer, sources, name };
}

/** Reads the config of a GGUF file. @throws DataError where the metadata and tensors are not those of a supported model */
export async function readGgufConfig(opened: OpenedGguf, name: string): Promise<LlamaConfig> {
  const embedding = opened.tensors.get('token_embd.weight');
  if (embedding?.shape.length !== 2) {
    // An unknown architecture is the more useful error than a missing tensor.
    configFromGguf(opened.metadata, { ...NO_FACTS, has: () => false }, name);
    throw new DataError(`${name}: tensor "token_embd.weight" is missing, or is not a matrix`);
  }
  const facts = {
    vocabularySize: embedding.shape[0],
    tied: !opened.tensors.has('output.weight'),
    has: (tensor: string) => opened.tensors.has(tensor),
    ropeFactors: await ropeFactors(opened, name),
  };
  return configFromGguf(opened.metadata, facts, name);
}

const NO_FACTS = { vocabularySize: 1, tied: true, ropeFactors: undefined };

async function ropeFactors({ tensors }: OpenedGguf, name: string): Promise<Float32Array | undefined> {
  const tensor = tensors.get('rope_freqs.weight');
  if (!tensor) return undefined;
  const count = tensor.shape.reduce((product, size) => product * size, 1);
  return dequantize(tensor.type, await tensor.read(), count, `${name}: rope_freqs.weight`);
}

function ggufSource(tensor: GgufTensor, heads: number | undefined, name: string): WeightSource {
  const { shape, type } = tensor;
  const read = async () => {
    const bytes = await tensor.read();
    return heads === undefined ? bytes : unpermuteRows(bytes, shape[0], heads);
  };
  return { name: `${name}: ${tensor.name}`, shape, type, read };
}

/** Reads the config of a folder. @throws DataError where there is none, or the model is not supported */
export async function readModelConfig(files: FileSource): Promise<LlamaConfig> {
  const config = await readText(files, 'config.json');
  if (config) return parseModelConfig(config, nameIn(files, 'config.json'));
  const name = files.name || 'the model';
  throw new DataError(`${name}: is not a model folder: config.json is missing${await hint(files)}`);
}

/** Opens a model folder. @param made  as {@link openGgufModel}. @throws as {@link openGgufModel} */
export async function openModelFolder(files: FileSource, made?: Tokenizer): Promise<OpenedLanguageModel> {
  const name = files.name || 'the model';
  const parsed = await readModelConfig(files);
  const { tensors } = await openModel(files);
  const tokenizer = made ?? (await readTokenizer(files));
  const sources = new Map<string, WeightSource>();
  for (const [key, tensor] of tensors) sources.set(key, safetensorsSource(key, tensor, name));
  return { config: parsed, tokenizer, sources, name };
}

async function hint(files: FileSource): Promise<string> {
  const isAdapter = await files.open('adapter_config.json');
  return isAdapter ? '; it is an adapter, which is given together with its model' : '';
}

async function readText(files: FileSource, name: string): Promise<Uint8Array | undefined> {
  const source = await files.open(name);
  if (!source) return undefined;
  if (source.length > MAX_CONFIG_BYTES)
    throw new DataError(
      `${nameIn(files, name)}: must be at most ${MAX_CONFIG_BYTES} bytes: has ${source.length}`,
    );
  return source.read(0, source.length);
}

function safetensorsSource(key: string, { dtype, shape, read }: TensorSource, model: string): WeightSource {
  const name = `${model}: ${key}`;
  if (dtype !== 'F32' && dtype !== 'F16' && dtype !== 'BF16')
    throw new DataError(`${name}: must be F32, F16 or BF16: found ${dtype}`);
  return { name, shape, type: dtype, read };
}
