/** Lets calls that take files also take paths in Node: of a directory, or of a model's single file. */
import { stat } from 'node:fs/promises';
import { DataError } from '../base/errors.js';
import { acceptPaths } from '../files/fileStore.js';
import { directoryFiles } from './directoryFiles.js';
import { fileSource } from './fileSource.js';
import { reasonOf } from './files.js';

acceptPaths({
  directory: directoryFiles,
  file: async (path) => {
    const found = await stat(path).catch((error: unknown) => {
      throw new DataError(`${path}: cannot be read: ${reasonOf(error)}`);
    });
    return found.isDirectory() ? undefined : fileSource(path);
  },
});
