/** The facts of a model from the headers of its files, before a weight is read. */
import { type ByteSource, blobSource, type FileSource, openModel } from 'lowrank';
import { type LoadedTokenizer, loadTokenizer, openGguf } from 'lowrank/text';
import type { ModelFacts } from '../api.js';

/** The forms of a model that a page can pass to `loadLanguageModel`. */
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

/** Tokens of a row and rank of an adapter that the memory figure assumes. */
const [ROW, RANK] = [256, 8];
/** Memory of a step that does not depend on the model, found with `trainingPlan`. */
const SCRATCH_BYTES = 25e6;

/**
 * @param name  the page's name for it, since the name in a file may be that of a training version
 * @throws DataError if the model is not supported
 */
export async function factsOfPlace(place: Place, name: string): Promise<PlaceFacts> {
  // This reads everything that can be refused.
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

/** Size of the weights on the device, where groups of weights have their own scales. */
function weightBytes(tensors: readonly Tensor[], sizes: readonly number[]): number {
  return tensors.reduce((sum, { type, shape }, i) => {
    if (shape.length < 2 || type === 'F32') return sum + 4 * sizes[i];
    if (type === 'F16' || type === 'BF16') return sum + 2 * sizes[i];
    return sum + (type.startsWith('Q4') ? 0.75 : 1.25) * sizes[i];
  }, 0);
}

/**
 * Approximately what `trainingPlan` counts once the model is loaded: values, gradients and two moments of an adapter on every
 * Linear, and what the blocks keep of a row for the backward pass.
 */
function trainingBytes({ layers, hiddenSize, intermediateSize, heads, kvHeads, headDim }: Config): number {
  const [query, keys] = [heads * headDim, kvHeads * headDim];
  const ends = 2 * (hiddenSize + query) + 2 * (hiddenSize + keys) + 3 * (hiddenSize + intermediateSize);
  const adapter = 16 * RANK * ends * layers;
  const kept = 3 * hiddenSize + 2 * intermediateSize + query + 2 * keys + 16 * RANK;
  return adapter + 4 * ROW * kept * layers + SCRATCH_BYTES;
}
