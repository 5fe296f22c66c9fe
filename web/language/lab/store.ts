/** Stores for a lesson's files: IndexedDB, whose transactions keep them together, and memory. */

import { clear, createStore, get, getMany, setMany, type UseStore } from 'idb-keyval';
import { type ByteSource, bytesSource, DataError, type FileContent, mapFiles } from 'lowrank';
import { inTime } from '../../inTime.js';
import type { LessonStore } from './keeping.js';

/** Longest wait for the database: a blocked one never answers. */
const PATIENCE_MS = 10_000;

/** @param name  name of the database */
export function browserStore(name = 'lowrank-lesson'): LessonStore {
  let opened: UseStore | undefined;
  // Opened only when required, since some private windows throw here.
  const store = () => (opened ??= createStore(name, 'files'));
  return {
    name: 'this browser',
    open: async (file): Promise<ByteSource | undefined> => {
      const bytes = await inTime(get<Uint8Array<ArrayBuffer>>(file, store()), PATIENCE_MS);
      return bytes && bytesSource(bytes, file);
    },
    read: async (names) => {
      const found = await inTime(
        getMany<Uint8Array<ArrayBuffer> | undefined>([...names], store()),
        PATIENCE_MS,
      );
      return new Map(
        names.map((file, i) => {
          const bytes = found[i];
          if (!bytes) throw new DataError(`${file} is missing`);
          return [file, bytes];
        }),
      );
    },
    write: async (files) => {
      const whole: [string, Uint8Array][] = [];
      for (const [file, content] of files) whole.push([file, await wholeOf(content)]);
      await inTime(setMany(whole, store()), PATIENCE_MS);
    },
    clear: async () => inTime(clear(store()), PATIENCE_MS),
  };
}

/** A store that does not survive the tab. */
export function memoryStore(files = new Map<string, Uint8Array>()): LessonStore {
  const source = mapFiles(files, 'memory');
  return {
    ...source,
    read: async (names) => new Map(names.map((name) => [name, files.get(name) ?? missing(name)])),
    write: async (contents) => {
      for (const [name, content] of contents) files.set(name, await wholeOf(content));
    },
    clear: async () => files.clear(),
  };
}

function missing(name: string): never {
  throw new DataError(`${name} is missing`);
}

async function wholeOf(content: FileContent): Promise<Uint8Array> {
  if (content instanceof Uint8Array) return content;
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for await (const part of content) parts.push(part as Uint8Array<ArrayBuffer>);
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}
