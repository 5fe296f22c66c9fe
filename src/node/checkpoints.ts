/** A checkpoint in a directory. */
import { join } from 'node:path';
import { CHECKPOINT_FILE, type CheckpointStore } from '../train/checkpoint.js';
import { ensureWritableDirectory, exists, readFileBytes, writeFileAtomic } from './files.js';

/** Each write is a file beside the old one, which then takes its place. */
export function checkpointDirectory(path: string): CheckpointStore {
  const file = join(path, CHECKPOINT_FILE);
  return {
    name: file,
    read: async () => ((await exists(file)) ? readFileBytes(file) : undefined),
    write: async (bytes) => {
      await ensureWritableDirectory(path);
      await writeFileAtomic(file, bytes);
    },
  };
}
