/** The adapter in use. This browser keeps it for the next visit with the same base, if it keeps anything. */
import type { AdapterInfo, KeptAdapter } from '../api.js';
import type { AdapterStore } from './adapterStore.js';
import { type Adapted, ggufFile, infoOf, peftFiles, readPeft } from './exporting.js';
import type { Models } from './models.js';
import type { Texts } from './texts.js';

interface InUseParts {
  readonly models: Models;
  readonly texts: Texts;
  readonly store: AdapterStore;
}

/** Its changes are made only while nobody asks the model. */
export class AdapterInUse {
  readonly #parts: InUseParts;
  #adapted: Adapted | undefined;
  #keptSince: number | undefined;

  constructor(parts: InUseParts) {
    this.#parts = parts;
  }

  get current(): Adapted | undefined {
    return this.#adapted;
  }

  get info(): AdapterInfo | undefined {
    return this.#adapted && this.#infoOf(this.#adapted);
  }

  /** PEFT's files. @throws Error if there is no adapter */
  files(): Promise<Map<string, Uint8Array>> {
    const { models } = this.#parts;
    return peftFiles(this.#required, models.ready, models.repository);
  }

  gguf(): Promise<Uint8Array> {
    return ggufFile(this.#required);
  }

  /** Takes an adapter into use in place of the previous one, and keeps it. */
  async use(adapted: Adapted): Promise<void> {
    this.close();
    this.#adapted = adapted;
    await this.#keep();
  }

  /** Takes an adapter from files into use. @throws DataError for files that are not an adapter of this model */
  async load(files: ReadonlyMap<string, Uint8Array>): Promise<AdapterInfo> {
    const { note, ...adapted } = await readPeft(this.#parts.models.ready, files);
    await this.use(adapted);
    return { ...this.#infoOf(adapted), ...(note === undefined ? {} : { note }) };
  }

  /** Removes the adapter, also the kept one. */
  async remove(): Promise<void> {
    this.close();
    await this.#forget();
  }

  /** Removes the adapter from the model; a kept one stays. */
  close(): void {
    const { texts, models } = this.#parts;
    if (this.#adapted) {
      texts.forget(this.#adapted.model);
      models.current?.takeBack(this.#adapted.model, 'an adapter');
    }
    this.#adapted = undefined;
    this.#keptSince = undefined;
  }

  /**
   * Takes the adapter that was kept for the model in use.
   * @returns why it cannot be used, as a sentence; undefined if it is in use, or there is none
   */
  async restore(): Promise<string | undefined> {
    if (this.#adapted) return undefined;
    const { models, store } = this.#parts;
    const { ready } = models;
    // A browser that refuses to read has kept nothing either.
    const files = await store.read(ready.view.base).catch(() => undefined);
    if (!files) return undefined;
    try {
      const { note: _, ...adapted } = await readPeft(ready, files);
      const about = (await this.list()).find(({ base }) => base === ready.view.base);
      this.#adapted = adapted;
      this.#keptSince = about?.since;
      return undefined;
    } catch (error) {
      return `The adapter that this device keeps cannot be used: ${error instanceof Error ? error.message : error}.`;
    }
  }

  /** The kept adapters, also those of other models. */
  async list(): Promise<readonly KeptAdapter[]> {
    // A browser that refuses to read has kept nothing either.
    return this.#parts.store.list().catch(() => []);
  }

  /** Deletes a kept adapter; one in use stays in use. */
  async deleteKept(base: string): Promise<void> {
    await this.#parts.store.delete(base);
    if (this.#parts.models.current?.view.base === base) this.#keptSince = undefined;
  }

  /** Keeps the adapter; if the browser refuses, `info` says that it is not kept. */
  async #keep(): Promise<void> {
    const { models, store } = this.#parts;
    const { base, name } = models.ready.view;
    const { rows, steps } = this.#required.about;
    const since = Date.now();
    try {
      const files = await this.files();
      const bytes = [...files.values()].reduce((sum, { length }) => sum + length, 0);
      await store.write({ base, model: name, since, bytes, rows, steps }, files);
      this.#keptSince = since;
    } catch {
      // The previous one is no longer in use, and would come back in its place.
      await this.#forget();
    }
  }

  async #forget(): Promise<void> {
    // A browser that refuses to delete has kept nothing.
    await this.#parts.store.delete(this.#parts.models.ready.view.base).catch(() => {});
  }

  #infoOf(adapted: Adapted): AdapterInfo {
    return { ...infoOf(adapted), keptSince: this.#keptSince };
  }

  get #required(): Adapted {
    if (this.#adapted) return this.#adapted;
    throw new Error('There is no adapter yet: teach one first.');
  }
}
