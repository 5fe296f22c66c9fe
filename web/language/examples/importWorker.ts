/** Reads files in a worker, since a large one would block the page for seconds. */
import type { ImportAnswer, ImportRequest } from './importReader.js';
import { readImport } from './readImport.js';

self.addEventListener('message', async ({ data }: MessageEvent<ImportRequest>) => {
  const answer: ImportAnswer = await readImport(data.source, data.options).then(
    (found) => ({ found }),
    (error: Error) => ({ message: error.message }),
  );
  self.postMessage(answer);
});
