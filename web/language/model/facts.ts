/** What is known of a model from the headers of its files, before a weight is read. */
import { type ByteSource, blobSource, type FileSource, openModel } from 'lowrank';
import { type LoadedTokenizer, loadTokenizer, openGguf } from 'lowrank/text';
import type { ModelFacts } from '../api.js';

/** Where a page has models, which `loadLanguageModel` takes. */
export type Place = Blob | ByteSource | FileSource;

export interface PlaceFacts extends ModelFacts {
  readonly layers: number;
}

interface Tensor {
  readonly shape: readonly number[];
  /** `Q4_1`, `F32`, … */
  readonly type: string;
  readonly byteLength: number;
}

type Config = LoadedTokenizer['config'];

/** Tokens of a row, and the rank of an adapter, for which the memory is told. */
const [ROW, RANK] = [256, 8];
/** What a step takes whatever the model, found with `trainingPlan`. */
const SCRATCH_BYTES = 25e6;

/**
 * @param name  what the page calls it; what files say that they are called may be a version of a training
 * @throws DataError where the model is not read or computed here
 */
export async function factsOfPlace(place: Place, name: string): Promise<PlaceFacts> {
  // It reads all that there is to refuse.
  const { config } = await loadTokenizer(place);
  const tensors = await tensorsOf(place);
  const sizes = tensors.map(({ shape }) => shape.reduce((product, size) => product * size, 1));
  return {
    name,
    architecture: config.modelType,
    parameters: sizes.reduce((sum, size) => sum + size, 0),
    fileBytes: bytesOf(place, tensors),
    neededBytes: Math.round(weightBytes(tensors, sizes) + trainingBytes(config)),
    contextLength: config.contextLength,
    layers: config.layers,
    hasTokenizer: true,
  };
}

async function tensorsOf(place: Place): Promise<Tensor[]> {
  if ('open' in place) {
    const { tensors } = await openModel(place);
    return [...tensors.values()].map((tensor) => ({ ...tensor, type: tensor.dtype }));
  }
  const source = place instanceof Blob ? blobSource(place) : place;
  return [...(await openGguf(source, 'the model')).tensors.values()];
}

function bytesOf(place: Place, tensors: readonly Tensor[]): number {
  if (place instanceof Blob) return place.size;
  if ('length' in place) return place.length;
  return tensors.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/** On the device, where groups of weights have scales of their own. */
function weightBytes(tensors: readonly Tensor[], sizes: readonly number[]): number {
  return tensors.reduce((sum, { type, shape }, i) => {
    if (shape.length < 2 || type === 'F32') return sum + 4 * sizes[i];
    if (type === 'F16' || type === 'BF16') return sum + 2 * sizes[i];
    return sum + (type.startsWith('Q4') ? 0.75 : 1.25) * sizes[i];
  }, 0);
}

/**
 * About what `trainingPlan` counts once the model is there: values, gradients and two moments of an adapter of every Linear,
 * and what the blocks of a row keep for the backward pass.
 */
function trainingBytes({ layers, hiddenSize, intermediateSize, heads, kvHeads, headDim }: Config): number {
  const [query, keys] = [heads * headDim, kvHeads * headDim];
  const ends = 2 * (hiddenSize + query) + 2 * (hiddenSize + keys) + 3 * (hiddenSize + intermediateSize);
  const adapter = 16 * RANK * ends * layers;
  const kept = 3 * hiddenSize + 2 * intermediateSize + query + 2 * keys + 16 * RANK;
  return adapter + 4 * ROW * kept * layers + SCRATCH_BYTES;
}
