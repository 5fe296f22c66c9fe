/** A visitor's work in one file that this page opens: examples, settings, and the adapter if there is one. */
import { strToU8, zipSync } from 'fflate';
import { entriesOf, unpack, ZipError } from '../zip.js';
import { checkedExamples, type SharedExamples } from './examplesLink.js';

export interface Project extends SharedExamples {
  /** PEFT's files, by name. */
  readonly adapter?: ReadonlyMap<string, Uint8Array> | undefined;
}

const PROJECT = 'lowrank-project.json';
const CONFIG = 'adapter_config.json';
const MODEL = 'adapter_model.safetensors';
const NEEDED: readonly string[] = [CONFIG, MODEL];
/** File that says how it was taught, which PEFT ignores. */
const ABOUT = 'lowrank.json';
const MOST_ENTRIES = 20;
/** An adapter of rank 256 on all of the model is 313 MB: what is larger was made elsewhere. */
const MOST_BYTES = 400 * 2 ** 20;
const MOST_PROJECT_BYTES = 16 * 2 ** 20;

export function projectFile({ rows, system, settings, adapter }: Project): Uint8Array<ArrayBuffer> {
  const plain = { v: 1, rows: rows.map(({ prompt, answer }) => [prompt, answer]), system, settings };
  const files: Record<string, Uint8Array> = { [PROJECT]: strToU8(JSON.stringify(plain, null, 1)) };
  for (const name of [...NEEDED, ABOUT]) {
    const bytes = adapter?.get(name);
    if (bytes) files[name] = bytes;
  }
  // Random numbers do not compress; fflate's buffers are plain ones.
  return zipSync(files, { level: 1 }) as Uint8Array<ArrayBuffer>;
}

/**
 * @param name  name of the file, for messages
 * @returns undefined for a zip that is not a project
 * @throws Error with a sentence for a person
 */
export function readProject(name: string, zip: Uint8Array): Project | undefined {
  try {
    const entries = entriesOf(zip, MOST_ENTRIES);
    const project = entries.find(({ path }) => path === PROJECT);
    if (!project) return undefined;
    const [bytes] = unpack([project], MOST_PROJECT_BYTES);
    const examples = examplesOf(name, bytes);
    const parts = entries.filter(({ path }) => NEEDED.includes(path) || path === ABOUT);
    if (NEEDED.some((each) => !parts.find(({ path }) => path === each))) return examples;
    const contents = unpack(parts, MOST_BYTES);
    return { ...examples, adapter: new Map(parts.map(({ path }, i) => [path, contents[i]])) };
  } catch (error) {
    if (!(error instanceof ZipError)) throw error;
    throw new Error(`${name} ${error.message}.`, { cause: error });
  }
}

function examplesOf(name: string, bytes: Uint8Array): SharedExamples {
  try {
    return checkedExamples(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch (error) {
    throw new Error(`${name} is a project from another version of this page, or it is damaged.`, {
      cause: error,
    });
  }
}
