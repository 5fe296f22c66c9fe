/**
 * Storage for the parts of the model: files of this origin, else its Cache Storage, else memory. A part counts only once all
 * of it is written: a file has a mark beside it, and a cache takes a response as a whole.
 */
import { inTime } from '../../inTime.js';
import { partName } from './manifest.js';

export interface StoredPart {
  readonly blob: Blob;
  /** When it arrived, in milliseconds since 1970. */
  readonly since: number;
}

export interface PartStore {
  readonly place: 'files' | 'cache' | 'memory';
  /** Reads a part; undefined if it is missing or incomplete. */
  get(index: number, bytes: number): Promise<StoredPart | undefined>;
  /** @throws Error if the browser does not keep it, QuotaExceededError if it has no room */
  put(index: number, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  clear(): Promise<void>;
}

const FOLDER = 'models';

/** Opens the best store that this browser has. @param model  checksum of the model, which names its folder */
export async function openStore(model: string): Promise<PartStore> {
  for (const open of [openFiles, openCache]) {
    try {
      return await inTime(open(model));
    } catch {
      // Private windows and old browsers use the next one.
    }
  }
  return memoryStore();
}

async function openFiles(model: string): Promise<PartStore> {
  const root = await navigator.storage.getDirectory();
  const folder = async () =>
    (await root.getDirectoryHandle(FOLDER, { create: true })).getDirectoryHandle(model, { create: true });
  await isWritable(await folder());
  return {
    place: 'files',
    get: async (index, bytes) => {
      const handles = await folder();
      const mark = await fileIn(handles, markOf(index));
      const blob = mark && (await fileIn(handles, partName(index)));
      return blob?.size === bytes ? { blob, since: mark?.lastModified ?? 0 } : undefined;
    },
    put: async (index, bytes) => {
      const handles = await folder();
      await remove(handles, markOf(index));
      await write(await handles.getFileHandle(partName(index), { create: true }), bytes);
      await handles.getFileHandle(markOf(index), { create: true });
    },
    clear: async () => remove(await root.getDirectoryHandle(FOLDER, { create: true }), model),
  };
}

const markOf = (index: number) => `${partName(index)}.whole`;

/** Checks that files can be written: some browsers open a folder and refuse its files. */
async function isWritable(folder: FileSystemDirectoryHandle): Promise<void> {
  const name = `probe-${crypto.randomUUID()}`;
  await write(await folder.getFileHandle(name, { create: true }), new Uint8Array(1));
  await folder.removeEntry(name);
}

async function fileIn(folder: FileSystemDirectoryHandle, name: string): Promise<File | undefined> {
  try {
    return await (await folder.getFileHandle(name)).getFile();
  } catch (error) {
    if (isNamed(error, 'NotFoundError')) return undefined;
    throw error;
  }
}

async function remove(folder: FileSystemDirectoryHandle, name: string): Promise<void> {
  try {
    await folder.removeEntry(name, { recursive: true });
  } catch (error) {
    if (!isNamed(error, 'NotFoundError')) throw error;
  }
}

/** Available only in a worker, and not yet among the types of a page. */
interface SyncHandle {
  truncate(size: number): void;
  write(bytes: Uint8Array, options: { at: number }): number;
  flush(): void;
  close(): void;
}

async function write(file: FileSystemFileHandle, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const open = (file as { createSyncAccessHandle?: () => Promise<SyncHandle> }).createSyncAccessHandle;
  if (!open) {
    const stream = await file.createWritable();
    await stream.write(bytes);
    await stream.close();
    return;
  }
  const handle = await open.call(file);
  try {
    handle.truncate(0);
    const written = handle.write(bytes, { at: 0 });
    if (written < bytes.length) throw new DOMException('only a part was written', 'QuotaExceededError');
    handle.flush();
  } finally {
    handle.close();
  }
}

async function openCache(model: string): Promise<PartStore> {
  const name = `lowrank model ${model}`;
  await caches.open(name);
  const addressOf = (index: number) =>
    new URL(`/${FOLDER}/${model}/${partName(index)}`, location.origin).href;
  return {
    place: 'cache',
    get: async (index, bytes) => {
      const response = await (await caches.open(name)).match(addressOf(index));
      const blob = await response?.blob();
      if (!response || blob?.size !== bytes) return undefined;
      return { blob, since: Date.parse(response.headers.get('Date') ?? '') || 0 };
    },
    put: async (index, bytes) => {
      const headers = { 'Content-Type': 'application/octet-stream', Date: new Date().toUTCString() };
      await (await caches.open(name)).put(addressOf(index), new Response(bytes, { headers }));
    },
    clear: async () => {
      await caches.delete(name);
    },
  };
}

/** A store that does not survive the tab. */
export function memoryStore(): PartStore {
  const parts = new Map<number, StoredPart>();
  return {
    place: 'memory',
    get: async (index) => parts.get(index),
    put: async (index, bytes) => {
      parts.set(index, { blob: new Blob([bytes]), since: Date.now() });
    },
    clear: async () => parts.clear(),
  };
}

export const isNamed = (error: unknown, name: string): boolean =>
  (error as { name?: unknown } | null)?.name === name;
