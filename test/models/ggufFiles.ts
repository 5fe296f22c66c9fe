/** GGUF files made from the small ones: with other metadata, other tensors, or no tensors at all. */
import { type ByteSource, bytesSource } from '../../src/files/byteSource.js';
import { type GgufTensor, openGguf } from '../../src/gguf/open.js';
import { byteLengthOf, type GgufType } from '../../src/gguf/types.js';
import type { GgufValue } from '../../src/gguf/values.js';
import { ggufParts, type WritableGgufTensor, type WritableValue } from '../../src/gguf/write.js';
import { parseModelConfig } from '../../src/models/configJson.js';
import { ggufName, llamaWeights } from '../../src/models/llamaWeights.js';
import { ggufBytes } from './fixtures.js';

/** A value with a type that can hold it. */
export function writable(value: GgufValue): WritableValue {
  if (typeof value === 'string') return { type: 'string', value };
  if (typeof value === 'boolean') return { type: 'bool', value };
  if (typeof value === 'bigint') return { type: 'i64', value };
  if (typeof value === 'number') {
    if (!Number.isInteger(value)) return { type: 'f32', value };
    return { type: value >= 0 && value < 2 ** 32 ? 'u32' : 'i64', value };
  }
  if (value instanceof Int32Array) return { type: 'i32[]', value };
  if (value instanceof Float32Array) return { type: 'f32[]', value };
  if (Array.isArray(value) && value.every((each) => typeof each === 'string'))
    return { type: 'string[]', value };
  throw new Error('no fixture has such a value');
}

export interface GgufContents {
  readonly metadata: Map<string, WritableValue>;
  readonly tensors: WritableGgufTensor[];
}

/** The contents of a small file, to be changed and written again. */
export async function ggufContents(name: string): Promise<GgufContents> {
  const { metadata, tensors } = await openGguf(bytesSource(ggufBytes(name)), name);
  const read = async (each: GgufTensor) => ({ ...each, bytes: await each.read() });
  const entries = Array.from(metadata, ([key, value]) => [key, writable(value)] as const);
  return {
    metadata: new Map(entries.filter(([key]) => key !== 'general.alignment')),
    tensors: await Promise.all([...tensors.values()].map(read)),
  };
}

export async function ggufFile({ metadata, tensors }: GgufContents): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  for await (const part of ggufParts({ metadata, tensors })) parts.push(part);
  return new Uint8Array(Buffer.concat(parts));
}

/** A file with the sizes of Llama 2 7B, except for its vocabulary, of which only the header exists. */
export async function largeModel(type: GgufType, layers: number): Promise<ByteSource> {
  const { metadata } = await ggufContents('llama');
  const sizes = { embedding_length: 4096, feed_forward_length: 11008, block_count: layers };
  const all = { ...sizes, 'attention.head_count': 32, 'attention.head_count_kv': 32 };
  for (const [key, value] of Object.entries({
    ...all,
    'attention.key_length': 128,
    'attention.value_length': 128,
    'rope.dimension_count': 128,
  }))
    metadata.set(`llama.${key}`, { type: 'u32', value });
  const config = parseModelConfig(
    new TextEncoder().encode(
      JSON.stringify({
        ...{
          model_type: 'llama',
          vocab_size: 290,
          hidden_size: 4096,
          intermediate_size: 11008,
          num_hidden_layers: layers,
        },
        ...{ num_attention_heads: 32, max_position_embeddings: 128, tie_word_embeddings: true },
      }),
    ),
    'config.json',
  );
  const tensors = Array.from(llamaWeights(config), ([name, { shape }]): WritableGgufTensor => {
    const bytes = async () => new Uint8Array();
    return { name: ggufName(name), shape, type, byteLength: Number(byteLengthOf(type, shape)), bytes };
  });
  let header: Uint8Array = new Uint8Array();
  for await (const part of ggufParts({ metadata, tensors })) {
    header = part;
    break;
  }
  const length =
    header.length + tensors.reduce((sum, { byteLength }) => sum + Math.ceil(byteLength / 32) * 32, 0);
  const read = async (offset: number, wanted: number) => {
    const bytes = new Uint8Array(wanted);
    bytes.set(header.subarray(offset, offset + wanted));
    return bytes;
  };
  return { length, read };
}
