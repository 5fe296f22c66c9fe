/** Training examples from files: JSON lines, a JSON array, or a table with a heading. */
import { DataError } from '../base/errors.js';
import { checkOptions, type OptionNames } from '../base/options.js';
import { type ByteSource, blobSource, bytesSource } from '../files/byteSource.js';
import type { Bytes } from '../files/bytes.js';
import { describeFile } from '../files/fileKind.js';
import { fileAt } from '../files/fileStore.js';
import { type BadLine, type FilePlace, placeOf, refusalOf } from './badLines.js';
import {
  type ExampleContent,
  type ExampleFormat,
  type ExampleRecord,
  formatOf,
  knownKeys,
} from './exampleFormats.js';
import { type ExampleParts, jsonArrayParts, jsonLinesParts, type Part, tableParts } from './exampleParts.js';

export interface ReadExample extends FilePlace {
  readonly content: ExampleContent;
}

export interface ExampleFile {
  readonly name: string;
  /** The format of the file, such as `JSON lines: messages`. */
  readonly format: string;
  readonly examples: readonly ReadExample[];
  /** Lines that were left out. */
  readonly bad: readonly BadLine[];
}

export interface ReadExamplesOptions {
  /** Name of the file in errors; the endings `.csv` and `.tsv` mark a table. Default: its path or own name. */
  readonly name?: string | undefined;
  /** Whether lines that are not examples are left out, and listed in `bad`; otherwise they are an error. Default false. */
  readonly skipBad?: boolean | undefined;
}

/** A file of examples; in Node also its path. */
export type ExampleSource = string | Blob | ByteSource | Bytes;

const NAMES: OptionNames<ReadExamplesOptions> = { name: true, skipBad: true };

/** Maximum bytes of a file: all examples are in memory together. */
const MAX_FILE_BYTES = 512_000_000;
const MAX_EXAMPLES = 1_000_000;
/** Maximum number of keys in a message, and of characters of a key. */
const [MOST_KEYS, MAX_KEY] = [8, 40];
/** Number of leading bytes that decide the kind of file. */
const LOOKED_AT = 4096;

/**
 * Reads a file of training examples. The first example shows the format, by its keys: `messages` (also with `tools`),
 * `conversations` (ShareGPT), `instruction, input, output` (Alpaca), `prompt, completion` (also `question, answer` and
 * `input, output`), or `text`; other keys are allowed. The file holds one JSON object on each line, an array of them, or
 * is a CSV or TSV table whose first row names the columns. Text is UTF-8.
 *
 * Limits apply to the file (512 MB), its examples (1,000,000), and each example (8 MB; a longer one is never wholly in memory).
 * @throws DataError where the file cannot be read, is of another kind or empty, or has no example; and without `skipBad` for lines
 *   that are not examples, with their numbers and reasons
 */
export async function readExamples(
  source: ExampleSource,
  options: ReadExamplesOptions = {},
): Promise<ExampleFile> {
  checkOptions('readExamples', options, NAMES);
  const { bytes, name } = await opened(source, options.name);
  const { container, parts } = await partsOf(bytes, name);
  const collector = new Collector(name);
  for await (const part of parts) collector.add(part);
  const { examples, bad, format } = collector;
  const all = examples.length + bad.length;
  if (all === 0) throw new DataError(`${name}: has no examples: it holds only white space`);
  if (bad.length > 0 && (!options.skipBad || !format || examples.length === 0))
    throw refusalOf(name, bad, all, ...(options.skipBad ? ['none is left'] : []));
  return { name, format: `${container}: ${format?.name}`, examples, bad };
}

async function opened(
  source: ExampleSource,
  given: string | undefined,
): Promise<{ readonly bytes: ByteSource; readonly name: string }> {
  if (typeof source === 'string') {
    const name = given ?? source;
    const bytes = await fileAt(source);
    if (!bytes) throw new DataError(`${name}: must be a file: it is a directory`);
    return { bytes, name };
  }
  if (source instanceof Blob) {
    const name = given ?? (source instanceof File ? source.name : 'the examples');
    return { bytes: blobSource(source, name), name };
  }
  const name = given ?? 'the examples';
  return { bytes: 'read' in source ? source : bytesSource(source, name), name };
}

async function partsOf(source: ByteSource, name: string): Promise<ExampleParts> {
  if (source.length > MAX_FILE_BYTES)
    throw new DataError(`${name}: must be at most ${MAX_FILE_BYTES} bytes: has ${source.length}`);
  const start = await source.read(0, Math.min(source.length, LOOKED_AT));
  const from = start[0] === 0xef && start[1] === 0xbb && start[2] === 0xbf ? 3 : 0;
  if (source.length === from) throw new DataError(`${name}: has no examples: it is empty`);
  const text = new TextDecoder('latin1').decode(start.subarray(from));
  const isTable = /\.[ct]sv$/i.test(name);
  const first = /[^ \t\r\n]/.exec(text)?.[0];
  if (!isTable && first === '[') return jsonArrayParts(source, from, name);
  if (!isTable && /^\s*\{\s*[\r\n]/.test(text))
    throw new DataError(
      `${name}: must hold one JSON object on each line, or an array of objects: an object spans several lines`,
    );
  if (!isTable && (first === '{' || first === undefined)) return jsonLinesParts(source, from);
  refuseOthers(start.subarray(from), isTable, name);
  return tableParts(source, from, name);
}

/** Checks the kind of file. @throws DataError where it is not text, or not the kind of text that its name implies */
function refuseOthers(start: Uint8Array, isTable: boolean, name: string): void {
  const kind = describeFile(start);
  const isPlain = kind === undefined || kind.startsWith('it is a text that begins');
  if (!isTable) {
    const found = kind ?? 'it begins with something else';
    throw new DataError(
      `${name}: must be JSON lines, a JSON array, or a table with the ending .csv or .tsv: ${found}`,
    );
  }
  if (!isPlain) throw new DataError(`${name}: must be a table: ${kind}`);
}

/** Sorts the parts of a file into examples and bad lines; the first part with the keys of a format decides the format. */
class Collector {
  readonly examples: ReadExample[] = [];
  readonly bad: BadLine[] = [];
  #format: { readonly is: ExampleFormat; readonly place: FilePlace } | undefined;

  constructor(private readonly name: string) {}

  get format(): ExampleFormat | undefined {
    return this.#format?.is;
  }

  /** Adds a part. @throws DataError when there are too many */
  add(part: Part): void {
    if (this.examples.length + this.bad.length === MAX_EXAMPLES)
      throw new DataError(`${this.name}: must have at most ${MAX_EXAMPLES} examples: it has more`);
    if ('reason' in part) {
      this.bad.push(part);
      return;
    }
    const { record, ...place } = part;
    try {
      this.examples.push({ ...place, content: this.#read(record, place) });
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      this.bad.push({ ...place, reason: error.message });
    }
  }

  #read(record: ExampleRecord, place: FilePlace): ExampleContent {
    const found = this.#format?.is ?? formatOf(record);
    if (!found) throw new DataError(`must have the keys ${knownKeys()}: ${keysOf(record)}`);
    this.#format ??= { is: found, place };
    if (found.keys.every((key) => Object.hasOwn(record, key))) return found.read(record);
    throw new DataError(
      `must have the keys of ${placeOf(this.#format.place)}, ${found.keys.join(' and ')}: ${keysOf(record)}`,
    );
  }
}

function keysOf(record: ExampleRecord): string {
  const keys = Object.keys(record);
  const shown = keys.slice(0, MOST_KEYS).map((key) => JSON.stringify(key.slice(0, MAX_KEY)));
  const more = keys.length > MOST_KEYS ? `, and ${keys.length - MOST_KEYS} more` : '';
  return keys.length === 0 ? 'it has none' : `it has ${shown.join(', ')}${more}`;
}
