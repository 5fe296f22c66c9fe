/** The page's side of the worker that reads files; the first file starts it. */
import type { Imported, ImportOptions } from './readImport.js';

export interface ImportRequest {
  readonly source: File | string;
  readonly options: ImportOptions;
}

export type ImportAnswer = { readonly found: Imported } | { readonly message: string };

export class ImportReader {
  #worker: Worker | undefined;
  #isReading = false;

  /**
   * Reads a source. An earlier request that is still running is abandoned: its promise stays open.
   * @throws Error whose message is a sentence
   */
  async read(source: File | string, options: ImportOptions): Promise<Imported> {
    if (this.#isReading) this.close();
    this.#worker ??= new Worker(new URL('./importWorker.ts', import.meta.url), { type: 'module' });
    this.#isReading = true;
    const answer = await ask(this.#worker, { source, options }).catch((error) => {
      this.close();
      throw error;
    });
    this.#isReading = false;
    if ('message' in answer) throw new Error(answer.message);
    return answer.found;
  }

  close(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#isReading = false;
  }
}

function ask(worker: Worker, request: ImportRequest): Promise<ImportAnswer> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<ImportAnswer>) => resolve(data);
    // The worker's script did not arrive, or it ran out of memory.
    worker.onerror = () =>
      reject(new Error('The part of this page that reads files is not responding: try again.'));
    worker.postMessage(request);
  });
}
