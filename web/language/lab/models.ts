/** The lab's model: one is loaded at a time, and the previous one stays in use until the next one is ready. */
import type { Backend } from 'lowrank';
import type { Tokenizer } from 'lowrank/text';
import type { Loading, ModelView } from '../api.js';
import { checksumOf } from './checksum.js';
import { loadModel, type ModelToLoad, type OnLoading } from './loading.js';
import type { OpenedModel } from './opened.js';
import { loadShipped } from './shipped.js';
import type { ShippedModel, Sources } from './sources.js';

export interface ModelsParts {
  readonly openDevice: () => Promise<Backend>;
  readonly sources: Sources;
  /** Runs the change from one model to the next, once nothing uses the previous one. */
  readonly change: (change: () => void) => Promise<void>;
}

export class Models {
  readonly #parts: ModelsParts;
  #device: Promise<Backend> | undefined;
  #tokenizer: Tokenizer | undefined;
  #opened: OpenedModel | undefined;
  #repository: string | undefined;
  #shipped: ShippedModel | undefined;
  #isLoading = false;

  constructor(parts: ModelsParts) {
    this.#parts = parts;
  }

  /** The model in use; undefined before the first is ready. */
  get current(): OpenedModel | undefined {
    return this.#opened;
  }

  /** The model in use. @throws Error before the first is ready */
  get ready(): OpenedModel {
    if (this.#opened) return this.#opened;
    throw new Error('The model is not here yet.');
  }

  /** The tokenizer of the model in use, or of one whose weights are still on their way. @throws Error before the first */
  get tokenizer(): Tokenizer {
    if (this.#tokenizer) return this.#tokenizer;
    throw new Error('The model is not here yet.');
  }

  /** The base's repository at Hugging Face, if known. */
  get repository(): string | undefined {
    return this.#repository;
  }

  openShipped(told: OnLoading): Promise<ModelView> {
    return this.#loading(async () => {
      try {
        return await loadShipped({
          told,
          sources: this.#parts.sources,
          onBegin: (shipped) => {
            this.#shipped = shipped;
          },
          onTokenizer: (tokenizer) => {
            this.#tokenizer = tokenizer;
          },
          open: (...model) => this.#open(...model),
        });
      } finally {
        this.#shipped = undefined;
      }
    });
  }

  openFiles(files: readonly File[], told: OnLoading): Promise<ModelView> {
    return this.#loading(async () => {
      const { sources } = this.#parts;
      const facts = await sources.inspect(files);
      const weights = files.filter(({ name }) => /\.(gguf|safetensors)$/.test(name));
      const base = () => checksumOf(new Blob(weights.sort((a, b) => (a.name < b.name ? -1 : 1))));
      const model = { place: sources.placeOf(files), facts, base };
      return this.#open(model, (loading) => told(loading, facts), undefined).catch((error: unknown) => {
        throw new Error(sources.refusal(error, files), { cause: error });
      });
    });
  }

  pause(): void {
    this.#shipped?.pause();
  }

  resume(): void {
    this.#shipped?.resume();
  }

  /** Bytes on the device; undefined before it is opened. */
  async memory() {
    return (await this.#device)?.memory();
  }

  async #loading<T>(load: () => Promise<T>): Promise<T> {
    if (this.#isLoading) throw new Error('A model is already loading.');
    this.#isLoading = true;
    // Opening takes a moment, while files are read; the code that uses the device reports a failure.
    this.#openDevice().catch(() => {});
    try {
      return await load();
    } finally {
      this.#isLoading = false;
    }
  }

  async #open(
    model: ModelToLoad,
    told: (loading: Loading) => void,
    repository: string | undefined,
  ): Promise<ModelView> {
    const opened = await loadModel(await this.#openDevice(), model, told);
    await this.#parts.change(() => {
      this.#opened?.dispose();
      this.#opened = opened;
      this.#tokenizer = opened.tokenizer;
      this.#repository = repository;
    });
    return opened.view;
  }

  #openDevice(): Promise<Backend> {
    this.#device ??= this.#parts.openDevice();
    return this.#device;
  }
}
