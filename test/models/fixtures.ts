/** Small models that transformers saved, with its results for them; `make_fixtures.py` wrote them. */
import { readdirSync, readFileSync } from 'node:fs';
import { parseSafetensors, toFloat32 } from '../../src/safetensors/safetensors.js';

export const MODELS = ['llama', 'llama3', 'mistral', 'qwen2', 'qwen3'] as const;
export const GGUF_MODELS = ['llama', 'llama3', 'qwen2', 'qwen3'] as const;

const at = (name: string) => new URL(`fixtures/${name}`, import.meta.url);

/** The files of a model's folder. */
export function folder(name: string): Map<string, Uint8Array> {
  const files = readdirSync(at(name)).filter((file) => file !== 'expected.safetensors');
  return new Map(files.map((file) => [file, new Uint8Array(readFileSync(at(`${name}/${file}`)))]));
}

export function ggufBytes(name: string): Uint8Array {
  return new Uint8Array(readFileSync(at(`${name}.gguf`)));
}

/** A token row, its logits [tokens, vocabularySize], and the row of 8 tokens that transformers continued greedily. */
export function expected(name: string) {
  const { tensors } = parseSafetensors(
    new Uint8Array(readFileSync(at(`${name}/expected.safetensors`))),
    name,
  );
  const integers = (key: string) => {
    const { bytes } = tensors.get(key) ?? { bytes: new Uint8Array() };
    return new Int32Array(bytes.slice().buffer);
  };
  const logits = tensors.get('logits');
  if (!logits) throw new Error(`${name}: has no logits`);
  return { ids: integers('ids'), greedy: integers('greedy'), logits: toFloat32(logits, name) };
}

/** The real model's prompts and the results of transformers for them. */
export function smollm2() {
  const { prompts, chat } = JSON.parse(readFileSync(at('smollm2.json'), 'utf8')) as {
    prompts: { prompt: string; ids: number[]; largest: number; best: number[]; greedy: number[] }[];
    chat: { messages: { role: string; content: string }[]; rendered: string; ids: number[]; text: string };
  };
  const { tensors } = parseSafetensors(new Uint8Array(readFileSync(at('smollm2.safetensors'))), 'smollm2');
  const picked = tensors.get('picked')?.bytes.slice() ?? new Uint8Array();
  const logits = prompts.map((_, i) => {
    const tensor = tensors.get(`logits${i}`);
    if (!tensor) throw new Error(`smollm2: has no logits${i}`);
    return toFloat32(tensor, `logits${i}`);
  });
  return { prompts, chat, logits, picked: new Int32Array(picked.buffer) };
}

/** The largest difference, as a share of the largest of the second. */
export function difference(found: ArrayLike<number>, wanted: ArrayLike<number>): number {
  let [most, largest] = [0, 0];
  for (let i = 0; i < wanted.length; i++) {
    // NaN is kept.
    const gap = Math.abs(found[i] - wanted[i]);
    if (!(gap <= most)) most = gap;
    largest = Math.max(largest, Math.abs(wanted[i]));
  }
  return found.length === wanted.length ? most / largest : Number.NaN;
}
