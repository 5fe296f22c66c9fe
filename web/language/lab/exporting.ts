/** Writes and reads an adapter as files: PEFT's files with a README, and GGUF. */
import { DataError, type LoraAdapter, loadAdapter, saveAdapter } from 'lowrank';
import { adapterGgufParts } from 'lowrank/text';
import { count } from '../../format.js';
import type { AdapterInfo } from '../api.js';
import { ggufRefusal } from '../takeTexts.js';
import type { OpenedModel } from './opened.js';

/** Name of the page's own file beside PEFT's two, which PEFT ignores. */
const INFO = 'lowrank.json';
const README = 'README.md';

export type About = Pick<AdapterInfo, 'steps' | 'seconds' | 'rows' | 'seed' | 'trainsPrompts'>;

interface Info extends About {
  /** Checksum of the base. */
  readonly base: string;
}

export interface Adapted {
  readonly model: OpenedModel['base'];
  readonly adapter: LoraAdapter;
  readonly about: About;
}

export function infoOf({ adapter, about }: Adapted): AdapterInfo {
  const { rank, alpha } = adapter.config;
  const trainable = adapter.parameters().reduce((sum, { length }) => sum + length, 0);
  return { rank, alpha, trainable, ...about, ggufObstacle: ggufRefusal(adapter.config) };
}

/** @param repository  repository of the base at Hugging Face, if known */
export async function peftFiles(
  { model, adapter, about }: Adapted,
  { view }: OpenedModel,
  repository: string | undefined,
): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  const baseModel = repository === undefined ? {} : { baseModel: repository };
  await saveAdapter(model, files, { ...baseModel, taskType: 'CAUSAL_LM' });
  const { rank } = adapter.config;
  const info: Info = { ...about, base: view.base };
  const write = (name: string, text: string) => files.set(name, new TextEncoder().encode(text));
  write(INFO, `${JSON.stringify(info, undefined, 2)}\n`);
  write(README, readme({ name: view.name, checksum: view.base, repository, rank, about }));
  return files;
}

export async function ggufFile({ model }: Adapted): Promise<Uint8Array> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for await (const part of await adapterGgufParts(model)) parts.push(part as Uint8Array<ArrayBuffer>);
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** Note about an adapter from another program whose tensors fit. */
const BASE_UNKNOWN =
  'This adapter does not say which model it was taught on. Its sizes fit this one, but its answers may not make sense.';

/**
 * Reads an adapter, with a note if its model is unknown.
 * @throws DataError for files that are not an adapter of this model; nothing has changed then
 */
export async function readPeft(
  opened: OpenedModel,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<Adapted & { readonly note?: string }> {
  const info = infoIn(files.get(INFO));
  const isKnown = checkBase(info.base, opened.view.base);
  const model = opened.twin();
  const adapter = await loadAdapter(model, files).catch((error: unknown) => {
    opened.takeBack(model, 'none');
    throw error;
  });
  const note = isKnown ? {} : { note: BASE_UNKNOWN };
  return { model, adapter, about: aboutIn(info), ...note };
}

/** Whether the adapter belongs to this base; false if that is unknown. @throws DataError for another base */
function checkBase(told: unknown, base: string): boolean {
  // An insecure page has only the length of a base, no checksum.
  const isChecksum = (text: unknown): text is string =>
    typeof text === 'string' && /^[0-9a-f]{16}$/.test(text);
  if (!isChecksum(told) || !isChecksum(base)) return told === base;
  if (told !== base) throw new DataError(`This adapter was taught on another model (checksum ${told}).`);
  return true;
}

/** What the page's own file says; empty for an adapter from another program. */
function infoIn(bytes: Uint8Array | undefined): Readonly<Record<string, unknown>> {
  if (!bytes) return {};
  try {
    const info: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof info === 'object' && info !== null ? { ...info } : {};
  } catch (error) {
    // A damaged file says nothing that is required.
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

function aboutIn({ steps, seconds, rows, ...rest }: Readonly<Record<string, unknown>>): About {
  const isCount = (value: unknown): value is number => typeof value === 'number' && value >= 0;
  const count = (value: unknown) => (isCount(value) ? value : 0);
  const { seed, trainsPrompts } = rest;
  return {
    ...{ steps: count(steps), seconds: count(seconds), rows: count(rows) },
    ...(isCount(seed) ? { seed } : {}),
    ...(typeof trainsPrompts === 'boolean' ? { trainsPrompts } : {}),
  };
}

interface ReadmeFacts {
  readonly name: string;
  readonly checksum: string;
  readonly repository: string | undefined;
  readonly rank: number;
  readonly about: About;
}

/** Code for PEFT and transformers; `base` is a repository or a folder. */
function python(base: string): string {
  return `from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer
tokenizer = AutoTokenizer.from_pretrained("${base}")
base = AutoModelForCausalLM.from_pretrained("${base}", dtype="float32")
model = PeftModel.from_pretrained(base, ".").eval()`;
}

/** What was taught; nothing about an adapter from another program. */
function taughtLine({ rows, steps, seed, trainsPrompts }: About): string {
  if (steps === 0) return '';
  const trained = trainsPrompts ? 'the prompts and the answers' : 'only the answers';
  const seeded = seed === undefined ? '' : ` with seed ${seed}`;
  return ` It learned ${count(rows, 'example')} in ${count(steps, 'step')}${seeded}; ${trained} were trained.`;
}

function readme({ name, checksum, repository, rank, about }: ReadmeFacts): string {
  const note =
    repository === undefined
      ? '\nReplace `path/to/the/base` with the folder of the base. For a GGUF file, add `gguf_file="name.gguf"` to both lines that name it.\n'
      : '';
  return `# A LoRA adapter for ${name}

Rank ${rank}, taught in a browser with lowrank. It fits ${name} only (checksum of the base: ${checksum}).${taughtLine(about)}

- \`adapter_config.json\`, \`adapter_model.safetensors\`: the adapter, as Hugging Face PEFT reads it
- \`lowrank.json\`: how it was taught, for the page; PEFT ignores it

To use it in Python (\`pip install torch transformers peft\`), in this folder:

\`\`\`python
${python(repository ?? 'path/to/the/base')}
\`\`\`
${note}
The page opens this zip as it is.
`;
}
