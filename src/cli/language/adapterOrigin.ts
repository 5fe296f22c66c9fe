/** Compares how an adapter was trained, according to its files, with how it is used: another base, another system message. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { printable } from '../../base/printable.js';
import { ADAPTER_FILES } from '../../lora/adapterFile.js';
import { exists } from '../../node/files.js';
import { readFileBytes } from '../../node.js';
import { repositoryOf } from './baseName.js';

/** Characters of a name or a message, and bytes of a file. */
const MAX_SHOWN = 200;
const MAX_BYTES = 1_000_000;

export interface ModelUse {
  /** The path of the model's files. */
  readonly path: string;
  /** The system message of `--system`; undefined where the model is given no conversations. */
  readonly chat?: { readonly system: string | undefined } | undefined;
}

/** Notes for an adapter that is used differently from how it was trained, as far as its files state it. */
export async function originNotes(directory: string, { path, chat }: ModelUse): Promise<string[]> {
  const notes: string[] = [];
  const named = fieldOf(await textOf(join(directory, ADAPTER_FILES[0])), 'base_model_name_or_path');
  const isFolder = (await stat(path)).isDirectory();
  const own = (await repositoryOf({ kind: isFolder ? 'folder' : 'gguf', path })) ?? path;
  const shown = (text: string) => printable(text, MAX_SHOWN);
  if (named !== undefined && ![own, path].some((name) => modelName(name) === modelName(named)))
    notes.push(
      `was trained over ${shown(named)}, and this model is ${shown(own)}: check that they are the same`,
    );
  const trained = fieldOf(await textOf(join(directory, 'settings.yaml')), 'system');
  if (chat && trained !== undefined && trained !== chat.system)
    notes.push(`was trained with --system "${shown(trained)}", which is not in force here`);
  return notes;
}

/** The text of a file; undefined when it does not exist or is too large. */
async function textOf(path: string): Promise<string | undefined> {
  if (!(await exists(path)) || (await stat(path)).size > MAX_BYTES) return undefined;
  return new TextDecoder().decode(await readFileBytes(path));
}

/** A text in a mapping of YAML, of which JSON is a part. */
function fieldOf(text: string | undefined, key: string): string | undefined {
  if (text === undefined) return undefined;
  const document = parseDocument(text);
  const value: unknown = document.errors.length > 0 ? undefined : document.get(key);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The end of a path or an id, without what says how the weights are stored. */
function modelName(name: string): string {
  const last = name.replace(/[\\/]+$/, '').replace(/^.*[\\/]/, '');
  return last
    .toLowerCase()
    .replace(/\.gguf$/, '')
    .replace(/[.-](gguf|i?q\d\w*|f16|bf16|f32)$/, '');
}
