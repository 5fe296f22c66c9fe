/** Places to which files are written, several as one unit, and paths as another way to name a place. */
import { DataError } from '../base/errors.js';
import { type ByteSource, bytesSource } from './byteSource.js';
import { type FileSource, mapFiles } from './fileSource.js';

/** Content of a file: whole, or in parts, which can be iterated over more than once. */
export type ReadyContent = Uint8Array | Iterable<Uint8Array>;

/** Content of a file, which may also be parts that are made one after another. */
export type FileContent = ReadyContent | AsyncIterable<Uint8Array>;

export interface FileStore extends FileSource {
  /**
   * Reads whole files, all as they were at one moment.
   * @throws DataError when one is missing or cannot be read
   */
  read(names: readonly string[]): Promise<Map<string, Uint8Array>>;
  /**
   * Replaces files as one unit: after a crash at any moment, a reader finds the old files, the new files, or no first file,
   * without which the others are useless.
   * @throws DataError when they cannot be written; the old files remain then
   */
  write(files: ReadonlyMap<string, FileContent>): Promise<void>;
  /** Excludes other callers of this method while `body` runs. @throws DataError while another has the place */
  exclusively?<T>(body: () => Promise<T>): Promise<T>;
}

/** A place to write to: files by name, a store, or in Node the path of a directory. */
export type WritablePlace = string | Map<string, Uint8Array> | FileStore;

/** A place to read from. */
export type ReadablePlace = string | ReadonlyMap<string, Uint8Array | Blob> | FileSource;

/** Interpretation of paths. */
export interface Paths {
  /** The files of a directory. */
  readonly directory: (path: string) => FileStore;
  /** A file; undefined for a directory. @throws DataError where nothing exists */
  readonly file: (path: string) => Promise<ByteSource | undefined>;
}

const refusePath = (path: string): never => {
  throw new TypeError(
    `${path}: a path is supported only in Node: pass a Map of files by name, or a FileSource or FileStore`,
  );
};

/** The interpretation of paths, set on platforms with directories. */
let paths: Paths = { directory: refusePath, file: refusePath };

/** Allows calls to take paths. */
export function acceptPaths(given: Paths): void {
  paths = given;
}

/** The file at a path; undefined for a directory. @throws TypeError where paths are not supported, DataError where nothing exists */
export async function fileAt(path: string): Promise<ByteSource | undefined> {
  return paths.file(path);
}

/** The store of a place. @param what  the argument, for errors @throws TypeError for an unsupported path, and for anything else */
export function writablePlace(what: string, place: WritablePlace): FileStore {
  if (typeof place === 'string') return paths.directory(place);
  if (place instanceof Map) return mapStore(place);
  checkMethods(what, place, ['open', 'read', 'write']);
  return place;
}

/** The source of a place. @param what  the argument, for errors @throws TypeError for an unsupported path, and for anything else */
export function readablePlace(what: string, place: ReadablePlace): FileSource {
  if (typeof place === 'string') return paths.directory(place);
  if (place instanceof Map) return mapFiles(place, '');
  checkMethods(what, place, ['open']);
  return place as FileSource;
}

function checkMethods(what: string, place: unknown, methods: readonly string[]): void {
  const found = (place ?? {}) as Readonly<Record<string, unknown>>;
  if (methods.every((name) => typeof found[name] === 'function')) return;
  const last = methods.length > 1 ? `methods ${methods.slice(0, -1).join(', ')} and ` : 'method ';
  const got = Object.prototype.toString.call(place).slice('[object '.length, -1).toLowerCase();
  throw new TypeError(
    `${what} must be a Map, a path, or have the ${last}${methods[methods.length - 1]}: got ${got}`,
  );
}

/**
 * Reads whole files of a source, as of one moment where it is a store.
 * @param called  name of the source in errors
 * @throws DataError when one is missing or cannot be read
 */
export async function readFiles(
  source: FileSource | FileStore,
  names: readonly string[],
  called = source.name,
): Promise<Map<string, Uint8Array>> {
  if ('read' in source) return source.read(names);
  const opened = [];
  for (const name of names) {
    const file = await source.open(name);
    if (!file) throw new DataError(`${nameIn({ name: called }, name)}: is missing`);
    opened.push([name, file] as const);
  }
  const files = new Map<string, Uint8Array>();
  for (const [name, file] of opened) files.set(name, await file.read(0, file.length));
  return files;
}

/** The name of a file in errors. */
export function nameIn({ name }: { readonly name: string }, file: string): string {
  return name === '' ? file : `${name.replace(/\/+$/, '')}/${file}`;
}

/** The bytes of a content; the content itself where it is whole. */
export function wholeOf(content: ReadyContent): Uint8Array {
  return content instanceof Uint8Array ? content : joined([...content]);
}

/** The bytes of any content, after all of its parts are made. */
export async function wholeLater(content: FileContent): Promise<Uint8Array> {
  if (content instanceof Uint8Array) return content;
  const parts: Uint8Array[] = [];
  for await (const part of content) parts.push(part);
  return joined(parts);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function mapStore(files: Map<string, Uint8Array>): FileStore {
  return {
    name: '',
    open: async (name) => {
      const found = files.get(name);
      return found && bytesSource(found, name);
    },
    read: async (names) => readFiles(mapFiles(files, ''), names),
    write: async (contents) => {
      // All contents are made before the first file is replaced.
      const whole = new Map<string, Uint8Array>();
      for (const [name, content] of contents) whole.set(name, await wholeLater(content));
      for (const [name, bytes] of whole) files.set(name, bytes);
    },
  };
}
