/** Adapters of language models as GGUF files, which llama.cpp adds to a base of any element type while it runs. */
import { checkOptions, type OptionNames } from '../base/options.js';
import type { WritablePlace } from '../files/fileStore.js';
import { ggufParts, type WritableGgufTensor } from '../gguf/write.js';
import { adaptationOf, type LoraAdapter } from '../lora/adaptation.js';
import { savedFactors } from '../lora/adapterFile.js';
import { scalingOf } from '../lora/config.js';
import { modelParts } from '../nn/module.js';
import { reading } from '../nn/use.js';
import { checkGgufFloat, GGUF_FLOATS, type GgufFloat, ggufFile, roundedRows } from './exportTypes.js';
import type { LlamaForCausalLM } from './llama.js';
import { ggufArchitecture, ggufName, permutedHeads, permuteRows } from './llamaWeights.js';

export interface AdapterGgufOptions {
  /** Name of the adapter. Default: the only one. */
  readonly name?: string | undefined;
  /** Element type of the tensors. Default F32. With Q8_0, a tensor whose rows are not whole blocks of 32 is F16. */
  readonly dtype?: GgufFloat | undefined;
  /** Factor of the update, in addition to alpha / rank. Default 1. */
  readonly scale?: number | undefined;
}

export interface ExportAdapterOptions extends AdapterGgufOptions {
  /** Name of the file in a place with several files. Default `adapter.gguf`, or the last part of a path that ends with `.gguf`. */
  readonly file?: string | undefined;
}

const NAMES: OptionNames<AdapterGgufOptions> = { name: true, dtype: true, scale: true };

/**
 * Writes an adapter as one GGUF file for `llama-cli --lora`, Ollama's ADAPTER and similar uses: `<tensor of the base>.lora_a`
 * `[rank, in]` and `.lora_b` `[out, rank]`, the rows of B in the base's own order. llama.cpp computes
 * `y += alpha / rank · B (A x)` with one alpha for all layers; where they require several, the remaining factor is multiplied
 * into B. As in `saveAdapter`, `pissa` and `olora` have twice the rank, and a factor set by `setAdapterScale` is left out; `scale`
 * is not.
 * @param to  files by name, a store, or in Node the path of a directory, or of a file that ends with `.gguf`
 * @throws RangeError when no adapter has this name, or the adapter has something that the format cannot hold: DoRA, biases,
 *   fully trained modules, an update of a weight that is head and embedding; or a value that the type cannot hold
 * @see https://github.com/ggml-org/llama.cpp/blob/master/convert_lora_to_gguf.py
 */
export async function exportAdapterGguf(
  model: LlamaForCausalLM,
  to: WritablePlace,
  options: ExportAdapterOptions = {},
): Promise<void> {
  checkOptions<ExportAdapterOptions>('exportAdapterGguf', options, { ...NAMES, file: true });
  const { file, ...rest } = options;
  const { store, name } = ggufFile('exportAdapterGguf', to, file ?? 'adapter.gguf');
  await store.write(new Map([[name, await adapterGgufParts(model, rest)]]));
}

/**
 * The parts of the same file, all from one moment: during a running `fit`, between two iterations.
 * @throws as {@link exportAdapterGguf}
 */
export async function adapterGgufParts(
  model: LlamaForCausalLM,
  options: AdapterGgufOptions = {},
): Promise<AsyncIterable<Uint8Array>> {
  checkOptions('adapterGgufParts', options, NAMES);
  const { name, dtype = 'F32', scale = 1 } = options;
  checkGgufFloat('exportAdapterGguf', dtype, GGUF_FLOATS);
  if (!Number.isFinite(scale)) throw new RangeError(`exportAdapterGguf: scale must be finite: ${scale}`);
  return reading('exportAdapterGguf', modelParts(model), async () => {
    const adapter = adapterOf(model, name);
    refuseOthers(adapter, model);
    const layers = await Promise.all(
      Array.from(adapter.factors, async ([path, factors]) => ({
        path,
        scaling: scale * scalingOf(factors.rank, factors.alpha, adapter.config.useRslora),
        ...(await savedFactors(factors)),
      })),
    );
    const alpha = sharedAlpha(layers);
    const tensors = layers.flatMap((layer) => tensorsOf(model, layer, { alpha, dtype }));
    return ggufParts({
      metadata: [
        ['general.type', { type: 'string', value: 'adapter' }],
        ['general.architecture', { type: 'string', value: ggufArchitecture(model.config) }],
        ['general.name', { type: 'string', value: adapter.name }],
        ['adapter.type', { type: 'string', value: 'lora' }],
        ['adapter.lora.alpha', { type: 'f32', value: alpha }],
      ],
      tensors,
    });
  });
}

function adapterOf(model: LlamaForCausalLM, name: string | undefined): LoraAdapter {
  const adaptation = adaptationOf(model, 'exportAdapterGguf');
  const names = [...adaptation.adapters.keys()];
  if (name === undefined && names.length > 1)
    throw new RangeError(`exportAdapterGguf: several adapters (${names.join(', ')}): pass { name }`);
  return adaptation.adapter(name ?? names[0], 'exportAdapterGguf');
}

/** Refuses parts that an adapter of llama.cpp cannot hold, before anything is read. */
function refuseOthers(adapter: LoraAdapter, { config }: LlamaForCausalLM): void {
  const instead = 'use exportMerged, or saveAdapter for PEFT';
  const refuse = (rule: string, values: string) =>
    new RangeError(`exportAdapterGguf: ${rule}: ${values}: ${instead}`);
  for (const [path, factors] of adapter.factors) {
    if (factors.magnitude) throw refuse('a GGUF adapter cannot hold DoRA magnitudes', path);
    if (factors.loraBias) throw refuse('a GGUF adapter cannot hold biases', `${path} has one (loraBias)`);
    if (config.tied && (path === 'lm_head' || path === 'model.embed_tokens'))
      throw refuse(
        'llama.cpp has one tensor for embedding and head of a tied model, whose update would change both',
        path,
      );
  }
  const whole = [...adapter.copies.keys()];
  if (whole.length > 0)
    throw refuse('a GGUF adapter cannot hold biases or fully trained modules', whole.slice(0, 3).join(', '));
}

interface SavedLayer {
  readonly path: string;
  /** Factor of the product B A. */
  readonly scaling: number;
  /** Factor A, [rank, in]; for an embedding [rank, rows]. */
  readonly a: ArrayLike<number>;
  /** Factor B, [out, rank]. */
  readonly b: ArrayLike<number>;
  readonly rank: number;
}

/** The alpha of the first layer whose update is not 0: llama.cpp interprets an alpha of 0 as a scale of 1. */
function sharedAlpha(layers: readonly SavedLayer[]): number {
  const alphas = layers.map(({ scaling, rank }) => Math.fround(scaling * rank));
  return alphas.find((alpha) => alpha !== 0) ?? 1;
}

function tensorsOf(
  { config }: LlamaForCausalLM,
  { path, scaling, a, b, rank }: SavedLayer,
  { alpha, dtype }: { readonly alpha: number; readonly dtype: GgufFloat },
): WritableGgufTensor[] {
  const base = ggufName(`${path}.weight`);
  const [columns, rows] = [a.length / rank, b.length / rank];
  // Exactly 1 where this layer's alpha is the file's, so that its B is written as it is.
  const factor = Math.fround(scaling * rank) === alpha ? 1 : (scaling * rank) / alpha;
  const folded = Float32Array.from(b, (value) => value * factor);
  const heads = permutedHeads(`${path}.`, config);
  const made = (suffix: string, values: Float32Array, shape: readonly [number, number]) => {
    const { type, bytes } = roundedRows(`exportAdapterGguf: ${path} ${suffix}`, values, shape[1], dtype);
    const ordered = heads !== undefined && suffix === 'lora_b' ? permuteRows(bytes, shape[0], heads) : bytes;
    return { name: `${base}.${suffix}`, shape, type, byteLength: ordered.length, bytes: ordered };
  };
  const isTable = path === 'model.embed_tokens';
  // llama.cpp reads the rows of an embedding by token.
  const first = isTable
    ? made('lora_a', transposed(a, rank, columns), [columns, rank])
    : made('lora_a', Float32Array.from(a), [rank, columns]);
  return [first, made('lora_b', folded, [rows, rank])];
}

/** The transposed matrix: [rows, columns] as [columns, rows]. */
function transposed(values: ArrayLike<number>, rows: number, columns: number): Float32Array {
  const out = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      out[column * rows + row] = values[row * columns + column];
  return out;
}
