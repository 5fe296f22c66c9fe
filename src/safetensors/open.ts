/** Reads safetensors files tensor by tensor, including models in several files. */
import { DataError } from '../base/errors.js';
import { parseJson } from '../base/json.js';
import type { ByteSource } from '../files/byteSource.js';
import { jsonText } from '../files/fileKind.js';
import type { FileSource } from '../files/fileSource.js';
import { nameIn } from '../files/fileStore.js';
import { parseSafetensorsHeader, safetensorsHeaderLength } from './places.js';

/** A tensor in a file of which only the header was read. */
export interface TensorSource {
  /** Element type: `F32`, `BF16`, `I64`, … */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Number of bytes of its elements. */
  readonly byteLength: number;
  /** Reads the elements, little-endian and row-major. @throws DataError when they cannot be read */
  read(): Promise<Uint8Array>;
}

export interface OpenedSafetensors {
  /** The tensors by name, in the order of the files' bytes. */
  readonly tensors: ReadonlyMap<string, TensorSource>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Bytes of the first read, enough for most headers. */
const FIRST_READ = 4096;
/** Size limit of an index file. */
const MAX_INDEX_BYTES = 100_000_000;
const INDEX = 'model.safetensors.index.json';
/** Maximum number of tensor names that an error lists. */
const MOST_LISTED = 3;

/**
 * Reads the header of a file, strictly, before any of its tensors.
 * @param name  name of the file in error messages
 * @throws DataError when a rule of the format is broken
 */
export async function openSafetensors(source: ByteSource, name: string): Promise<OpenedSafetensors> {
  let start = await source.read(0, Math.min(FIRST_READ, source.length));
  const needed = safetensorsHeaderLength(start);
  if (needed > start.length && needed <= source.length) start = await source.read(0, needed);
  const { places, metadata } = parseSafetensorsHeader(start, source.length, name);
  const tensors = new Map<string, TensorSource>();
  for (const [key, { dtype, shape, begin, end }] of places) {
    const byteLength = end - begin;
    tensors.set(key, { dtype, shape, byteLength, read: () => source.read(begin, byteLength) });
  }
  return { tensors, metadata };
}

/**
 * The tensors of a model: those of `model.safetensors`, or of the files that `model.safetensors.index.json` names. Each file's
 * tensors are compared with the index in both directions.
 * @throws DataError when neither exists, a file is missing, or files and index differ
 */
export async function openModel(files: FileSource): Promise<OpenedSafetensors> {
  const whole = await files.open('model.safetensors');
  if (whole) return openSafetensors(whole, nameIn(files, 'model.safetensors'));
  const index = await files.open(INDEX);
  if (!index) throw new DataError(`${files.name || 'the model'}: has no model.safetensors and no ${INDEX}`);
  const byFile = await readIndex(index, nameIn(files, INDEX));
  const tensors = new Map<string, TensorSource>();
  for (const [file, names] of byFile) {
    const source = await files.open(file);
    if (!source)
      throw new DataError(`${files.name || 'the model'}: ${file} is missing, which the index names`);
    const where = nameIn(files, file);
    const opened = await openSafetensors(source, where);
    const missing = names.filter((name) => !opened.tensors.has(name));
    const wanted = new Set(names);
    const extra = [...opened.tensors.keys()].filter((name) => !wanted.has(name));
    if (missing.length > 0)
      throw new DataError(`${where}: lacks tensors that the index names: ${listed(missing)}`);
    if (extra.length > 0)
      throw new DataError(`${where}: has tensors that the index does not name: ${listed(extra)}`);
    for (const [name, tensor] of opened.tensors) tensors.set(name, tensor);
  }
  return { tensors, metadata: {} };
}

function listed(names: readonly string[]): string {
  const more = names.length > MOST_LISTED ? ` and ${names.length - MOST_LISTED} more` : '';
  return `${names.slice(0, MOST_LISTED).join(', ')}${more}`;
}

/**
 * The tensors' names by file, in the order of the index. Every file must be beside the index.
 * @throws DataError for an invalid index, or one that names a file elsewhere
 */
export async function readIndex(
  source: ByteSource,
  name: string,
): Promise<ReadonlyMap<string, readonly string[]>> {
  if (source.length > MAX_INDEX_BYTES)
    throw new DataError(`${name}: must be at most ${MAX_INDEX_BYTES} bytes: has ${source.length}`);
  const json = parseJson(jsonText(await source.read(0, source.length), name), name);
  const map = json instanceof Map ? json.get('weight_map') : undefined;
  if (!(map instanceof Map) || map.size === 0)
    throw new DataError(`${name}: must have a weight_map with tensors`);
  const byFile = new Map<string, string[]>();
  for (const [tensor, file] of map) {
    // A name that leads out of the folder is not part of the model.
    if (typeof file !== 'string' || !/^[\w.-]+\.safetensors$/.test(file)) {
      throw new DataError(
        `${name}: ${tensor} must be in a safetensors file beside the index: found ${JSON.stringify(file)}`,
      );
    }
    const names = byFile.get(file);
    if (names) names.push(tensor);
    else byFile.set(file, [tensor]);
  }
  return byFile;
}
