/** `lowrank train` in a test: a small model with a chat template of its own, examples, and runs in this process. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exitCodeOf } from '../../../src/cli/errors.js';
import { parseSafetensors, toFloat32 } from '../../../src/safetensors/safetensors.js';
import { folder } from '../../models/fixtures.js';
import { lowrank } from './collect.js';

/** Answers begin without a space, so that what precedes them does not change their tokens. */
const TEMPLATE =
  "{% for m in messages %}<|start|>{{ m['role'] }}:{{ m['content'] }}<|end|>{% endfor %}" +
  '{% if add_generation_prompt %}<|start|>assistant:{% endif %}';

export type Pair = readonly [question: string, answer: string];

export const chat = ([user, assistant]: Pair) =>
  JSON.stringify({
    messages: [
      { role: 'user', content: user },
      { role: 'assistant', content: assistant },
    ],
  });

/** JSON lines. */
export const chats = (pairs: readonly Pair[]) => pairs.map((pair) => `${chat(pair)}\n`).join('');

/** The same as texts, which have no prompts to answer: runs on them are faster. */
export const texts = (all: readonly Pair[]) =>
  all.map((pair) => `${JSON.stringify({ text: pair.join(' ') })}\n`).join('');

const WORDS = ['cat', 'dog', 'sun', 'moon', 'tree', 'fish', 'bird', 'stone'];

/** Different questions, with answers of different lengths. */
export const pairs = (count: number): Pair[] =>
  Array.from({ length: count }, (_, i) => [`say ${WORDS[i % 8]} ${i}`, `${WORDS[(3 * i) % 8]} is ${i * i}`]);

/** Settings that only their own tests change: one thread, and nothing is measured unless requested. */
export const FIXED = ['--device', 'wasm', '--threads', '1', '--keep', 'none'];

export class TrainPlace {
  readonly root = mkdtempSync(join(tmpdir(), 'lowrank-train-'));
  readonly model = this.makeModel('model', 'llama3');
  #names = 0;

  /** A folder with a fixture's files, and a template. */
  makeModel(name: string, fixture: string, template = TEMPLATE): string {
    const path = join(this.root, name);
    mkdirSync(path);
    for (const [file, bytes] of folder(fixture))
      if (file !== 'chat_template.jinja') writeFileSync(join(path, file), bytes);
    if (template !== '') writeFileSync(join(path, 'chat_template.jinja'), template);
    return path;
  }

  remove(): void {
    rmSync(this.root, { recursive: true });
  }

  /** A path that does not exist. */
  path(name = 'run'): string {
    return join(this.root, `${name}-${this.#names++}`);
  }

  /** @returns path of a new file of examples */
  file(text: string | Uint8Array, end = '.jsonl'): string {
    const path = `${this.path('data')}${end}`;
    writeFileSync(path, text);
    return path;
  }

  /** @returns path of a new folder */
  folder(files: Readonly<Record<string, string>>): string {
    const path = this.path('folder');
    mkdirSync(path);
    for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
    return path;
  }

  train(...args: string[]) {
    return lowrank('train', '--model', this.model, ...FIXED, ...args);
  }

  /** A run into a new folder. */
  async run(...args: string[]) {
    const out = this.path();
    const { out: text } = await this.train('--out', out, '--json', '-', '--quiet', ...args);
    return { out, summary: JSON.parse(text), values: adapterValues(out) };
  }

  /** `exit code: message` of a call that is refused, without the root. */
  async refusal(...args: string[]): Promise<string> {
    const error = await this.train(...args).then(
      () => new Error('nothing was refused'),
      (reason: Error) => reason,
    );
    return `${exitCodeOf(error)}: ${error.message.replaceAll(`${this.root}/`, '')}`;
  }
}

export function adapterBytes(run: string): Buffer {
  return readFileSync(join(run, 'adapter_model.safetensors'));
}

/** All numbers of an adapter, by name. */
export function adapterValues(run: string): Map<string, Float32Array> {
  const { tensors } = parseSafetensors(new Uint8Array(adapterBytes(run)), run);
  return new Map(Array.from(tensors, ([name, tensor]) => [name, Float32Array.from(toFloat32(tensor, name))]));
}

/** Lines of `metrics.jsonl` of a kind. */
export function metricsOf(run: string, kind: string): Record<string, number>[] {
  const lines = readFileSync(join(run, 'metrics.jsonl'), 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line)).filter((line) => line.kind === kind);
}
