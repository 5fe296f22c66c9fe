/** Everything that computes: it lives in the worker, and knows nothing of the page. */
import {
  Adam,
  applyLora,
  type Backend,
  countParameters,
  DataError,
  type Dataset,
  type DeviceName,
  DigitsNet,
  evaluate,
  type FitOptions,
  fit,
  type LoraAdapter,
  listDevices,
  loadAdapter,
  noGrad,
  parseModel,
  type StateDict,
  selectDevice,
  serializeAdapter,
  serializeModel,
  tensor,
  withAdapterDisabled,
} from 'lowrank';
import { Digits, NORMALISATION, PIXELS } from './digits.js';
import { fetchBase, type OnBytes } from './files.js';
import { throttled } from './progress.js';
import { BATCH_SIZE, digitsOf, type TeachOptions, teachingData } from './teaching.js';
import type { AdapterFiles, AdapterView, DeviceView, OnProgress, Prediction, Scores } from './views.js';

export class Lab {
  #device: Backend | undefined;
  #base: StateDict | undefined;
  #model: DigitsNet | undefined;
  #adapter: LoraAdapter | undefined;
  #view: AdapterView | undefined;
  #files: AdapterFiles | undefined;
  readonly #digits = new Digits();
  #stop = new AbortController();
  #last: Promise<unknown> = Promise.resolve();

  /** One piece of work after the other: a model is not asked while it is trained. */
  #queued<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#last.then(work, work);
    this.#last = next.catch(() => {});
    return next;
  }

  /** Opens a device and moves there what there is. @throws DeviceError when one that is named is not there */
  open(prefer: 'auto' | DeviceName, onLost: (reason: string) => void): Promise<DeviceView> {
    return this.#queued(async () => {
      const { device, reason } = await selectDevice({ prefer });
      const [old, files, view] = [this.#device, this.#files, this.#view];
      this.#forgetDevice();
      this.#device = device;
      device.lost.then(({ message }) => {
        if (this.#device === device) onLost(message);
      });
      old?.dispose();
      if (this.#base) this.#setModel(this.#newModel());
      if (files) await this.#install(files, view);
      return { name: device.name, features: [...device.features], reason, all: await listDevices() };
    });
  }

  /** @param bytes  of a saved base; without them, the page's own is fetched */
  setBase(bytes?: Uint8Array): Promise<void> {
    return this.#queued(async () => {
      this.#base = parseModel(bytes ?? (await fetchBase()), 'base.safetensors');
      this.#setModel(this.#newModel());
    });
  }

  baseBytes(): Uint8Array {
    return serializeModel(this.#state());
  }

  /** Not in the queue: the rest need not wait for the network. */
  async fetchMnist(onBytes: OnBytes): Promise<void> {
    await this.#digits.fetch(onBytes);
  }

  trainBase(epochs: number, onProgress: OnProgress): Promise<void> {
    this.#stop = new AbortController();
    return this.#queued(async () => {
      const model = new DigitsNet(this.#opened(), { seed: 0 });
      try {
        const { iterations } = await this.#fit(
          model,
          this.#digits.train(this.#opened()),
          { epochs, seed: 0 },
          0.001,
          onProgress,
        );
        if (iterations > 0) this.#base = await model.stateDict();
      } finally {
        model.dispose();
      }
      this.#setModel(this.#newModel());
    });
  }

  /** Trains a new adapter, as the tutorial's wrapper. Stopped at once, the old one stays. */
  teach(options: TeachOptions, onProgress: OnProgress): Promise<AdapterView | undefined> {
    this.#stop = new AbortController();
    return this.#queued(async () => {
      const { rank, alpha, learningRate, iterations: limit } = options;
      const model = this.#newModel();
      try {
        const seed = 0;
        const config = { rank, alpha, bias: 'lora_only', init: 'normal', seed } as const;
        const adapter = await applyLora(model, config);
        const { data, dispose } = teachingData(this.#opened(), this.#digits, options, seed);
        try {
          const epochs = Math.ceil(limit / data.batchCount({ batchSize: BATCH_SIZE }));
          const { iterations } = await this.#fit(
            model,
            data,
            { epochs, limit, seed },
            learningRate,
            onProgress,
          );
          if (iterations === 0)
            throw new DataError('stopped before the first iteration: nothing has changed');
          this.#setModel(model);
          this.#setAdapter(adapter, await serializeAdapter(adapter), {
            digits: digitsOf(options),
            iterations,
          });
        } finally {
          dispose();
        }
      } catch (error) {
        if (this.#model !== model) model.dispose();
        throw error;
      }
      return this.#view;
    });
  }

  /** Ends the training that runs or waits, at the end of an iteration. */
  stop(): void {
    this.#stop.abort();
  }

  /** Counts on the test images. */
  evaluate(): Promise<{ base: Scores; adapted: Scores | undefined }> {
    return this.#queued(async () => {
      const model = this.#ready();
      const score = async () => {
        const { accuracy, wrong } = await evaluate(model, this.#digits.test(this.#opened()));
        return { accuracy, wrong };
      };
      const base = await withoutAdapter(model, this.#adapter, score);
      return { base, adapted: this.#adapter && (await score()) };
    });
  }

  /** @param pixels  28 × 28 bytes */
  predict(pixels: Uint8Array): Promise<Prediction> {
    return this.#queued(async () => {
      const model = this.#ready();
      const { mean, std } = NORMALISATION;
      const x = tensor(
        this.#opened(),
        Array.from(pixels, (byte) => (byte / 255 - mean) / std),
        [1, PIXELS],
      );
      const ask = async () => softmax(await noGrad(() => model.eval().forward(x)).read());
      const base = await withoutAdapter(model, this.#adapter, ask);
      const adapted = this.#adapter && (await ask());
      x.dispose();
      return { base, adapted };
    });
  }

  /** The two files of PEFT. */
  adapterFiles(): AdapterFiles | undefined {
    return this.#files;
  }

  /** @throws DataError saying what is wrong with the files; nothing has changed then */
  loadAdapter(files: AdapterFiles, view?: AdapterView): Promise<AdapterView> {
    return this.#queued(() => this.#install(files, view));
  }

  removeAdapter(): Promise<void> {
    return this.#queued(async () => this.#setModel(this.#newModel()));
  }

  /** Bytes that live on the device, after a training what they were before it. */
  memory() {
    return this.#opened().memory();
  }

  async #install(files: AdapterFiles, view?: AdapterView): Promise<AdapterView> {
    const model = this.#newModel();
    try {
      const adapter = await loadAdapter(model, files);
      this.#setModel(model);
      return this.#setAdapter(adapter, files, view ?? { digits: [], iterations: 0 });
    } catch (error) {
      if (this.#model !== model) model.dispose();
      throw error;
    }
  }

  async #fit(
    model: DigitsNet,
    data: Dataset,
    length: Pick<FitOptions, 'epochs' | 'limit' | 'seed'>,
    learningRate: number,
    onProgress: OnProgress,
  ) {
    const optimizer = new Adam(model.parameters(), { learningRate });
    const report = throttled(onProgress);
    try {
      const { signal } = this.#stop;
      return await fit(model, data, { optimizer, batchSize: BATCH_SIZE, signal, onStep: report, ...length });
    } finally {
      optimizer.dispose();
    }
  }

  #opened(): Backend {
    if (!this.#device) throw new Error('there is no device yet');
    return this.#device;
  }

  #state(): StateDict {
    if (!this.#base) throw new DataError('there is no base model yet');
    return this.#base;
  }

  #ready(): DigitsNet {
    if (!this.#model) throw new DataError('there is no base model yet');
    return this.#model;
  }

  #newModel(): DigitsNet {
    const model = new DigitsNet(this.#opened());
    model.loadStateDict(this.#state());
    return model;
  }

  /** Takes a model's place, without an adapter. */
  #setModel(model: DigitsNet): void {
    this.#model?.dispose();
    this.#model = model;
    this.#adapter = undefined;
    this.#view = undefined;
    this.#files = undefined;
  }

  #setAdapter(
    adapter: LoraAdapter,
    files: AdapterFiles,
    { digits, iterations }: Pick<AdapterView, 'digits' | 'iterations'>,
  ): AdapterView {
    const { trainable, total, trainablePercent: percent } = countParameters(this.#ready());
    const { rank, alpha } = adapter.config;
    this.#adapter = adapter;
    this.#files = files;
    this.#view = { rank, alpha, trainable, total, percent, digits, iterations };
    return this.#view;
  }

  /** What lay on a device went with it. */
  #forgetDevice(): void {
    this.#model = undefined;
    this.#adapter = undefined;
    this.#digits.leaveDevice();
  }
}

function withoutAdapter<T>(model: DigitsNet, adapter: LoraAdapter | undefined, work: () => Promise<T>) {
  return adapter ? withAdapterDisabled(model, work) : work();
}

function softmax(logits: ArrayLike<number>): number[] {
  const values = Array.from(logits);
  const largest = Math.max(...values);
  const powers = values.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}
