/** Places that files are written to, several as one unit, and paths as one more way to name a place. */
import { DataError } from '../base/errors.js';
import { type ByteSource, bytesSource } from './byteSource.js';
import { type FileSource, mapFiles } from './fileSource.js';

/** What a file is to hold: whole, or in parts, which can be gone through more than once. */
export type ReadyContent = Uint8Array | Iterable<Uint8Array>;

/** The same, or parts that are still to be made, one after the other. */
export type FileContent = ReadyContent | AsyncIterable<Uint8Array>;

export interface FileStore extends FileSource {
  /**
   * Whole files, all as they were at one moment.
   * @throws DataError when one is missing or cannot be read
   */
  read(names: readonly string[]): Promise<Map<string, Uint8Array>>;
  /**
   * Replaces files as one unit: after a crash at any moment whoever looks finds the old ones, the new ones, or no first one,
   * which is the one without which the others mean nothing.
   * @throws DataError when they cannot be written; the old ones are there then
   */
  write(files: ReadonlyMap<string, FileContent>): Promise<void>;
  /** Keeps others, who call it too, away for as long as `body` takes. @throws DataError while another has the place */
  exclusively?<T>(body: () => Promise<T>): Promise<T>;
}

/** A place that calls write to: files by name, a store, or in Node the path of a directory. */
export type WritablePlace = string | Map<string, Uint8Array> | FileStore;

/** A place that calls read from. */
export type ReadablePlace = string | ReadonlyMap<string, Uint8Array | Blob> | FileSource;

/** What paths mean. */
export interface Paths {
  /** The files of a directory. */
  readonly directory: (path: string) => FileStore;
  /** A file; undefined for a directory. @throws DataError where there is nothing */
  readonly file: (path: string) => Promise<ByteSource | undefined>;
}

const refusePath = (path: string): never => {
  throw new TypeError(
    `${path}: a path is supported only in Node: pass a Map of files by name, or a FileSource or FileStore`,
  );
};

/** What a path means; a platform with directories says so. */
let paths: Paths = { directory: refusePath, file: refusePath };

/** Lets calls take paths. */
export function acceptPaths(given: Paths): void {
  paths = given;
}

/** The file at a path; undefined for a directory. @throws TypeError where there are no paths, DataError for nothing */
export async function fileAt(path: string): Promise<ByteSource | undefined> {
  return paths.file(path);
}

/** @param what  the argument, for errors @throws TypeError for a path where there are none, and for anything else */
export function writablePlace(what: string, place: WritablePlace): FileStore {
  if (typeof place === 'string') return paths.directory(place);
  if (place instanceof Map) return mapStore(place);
  checkMethods(what, place, ['open', 'read', 'write']);
  return place;
}

/** @param what  the argument, for errors @throws TypeError for a path where there are none, and for anything else */
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
 * Whole files of a source, as of one moment where it is a store.
 * @param called  what errors call the source
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

/** What errors call a file. */
export function nameIn({ name }: { readonly name: string }, file: string): string {
  return name === '' ? file : `${name.replace(/\/+$/, '')}/${file}`;
}

/** The bytes of a content; the same where it is whole. */
export function wholeOf(content: ReadyContent): Uint8Array {
  return content instanceof Uint8Array ? content : joined([...content]);
}

/** The bytes of any content, once all of its parts are made. */
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
      // All are made before the first is replaced.
      const whole = new Map<string, Uint8Array>();
      for (const [name, content] of contents) whole.set(name, await wholeLater(content));
      for (const [name, bytes] of whole) files.set(name, bytes);
    },
  };
}
