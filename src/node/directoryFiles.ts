/** A directory as a file store: several files are replaced as one unit, by processes that do not disturb each other. */
import { stat } from 'node:fs/promises';
import { isAbsolute, join, normalize } from 'node:path';
import { DataError } from '../base/errors.js';
import type { FileContent, FileStore } from '../files/fileStore.js';
import { hasCode } from './directories.js';
import { fileSource } from './fileSource.js';
import { ensureWritableDirectory, reasonOf, writeFileAtomic } from './files.js';
import {
  finishWriting,
  isBeingWritten,
  readTogether,
  WAIT_MS,
  waitAndFinish,
  writeTogether,
} from './filesTogether.js';
import { withDirectory } from './inUse.js';
import { checkIsDirectory, checkNames } from './missingFiles.js';

/** A store of the files in a directory, which is created when something is written. */
export function directoryFiles(path: string): FileStore {
  return {
    name: path,
    open: async (name) => {
      if (isAbsolute(name) || normalize(name).startsWith('..'))
        throw new DataError(`${path}: ${name} is outside of the directory`);
      if (await isBeingWritten(path)) await waitAndFinish(path);
      const file = join(path, name);
      try {
        await stat(file);
      } catch (error) {
        if (hasCode(error, 'ENOENT')) return undefined;
        throw new DataError(`${file}: cannot be read: ${reasonOf(error)}`);
      }
      return fileSource(file);
    },
    read: async (names) => {
      await checkIsDirectory(path);
      try {
        return await readTogether(path, names);
      } catch (error) {
        // Saying what the directory holds instead helps more than saying that a file is missing.
        await checkNames(path, names);
        throw error;
      }
    },
    write: (files) => writeAll(path, files),
    exclusively: (body) => withDirectory(path, { kind: 'checkpoint' }, body),
  };
}

async function writeAll(path: string, files: ReadonlyMap<string, FileContent>): Promise<void> {
  if (files.size === 1) {
    await ensureWritableDirectory(path);
    for (const [name, content] of files) await writeFileAtomic(join(path, name), content);
    return;
  }
  const before = () => finishWriting(path);
  await withDirectory(path, { kind: 'adapter', waitMs: WAIT_MS, before }, () => writeTogether(path, files));
}
