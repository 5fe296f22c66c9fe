/** Everything that computes. It lives in the worker and knows nothing of the page. */
import {
  applyLora,
  type Backend,
  DataError,
  type DeviceName,
  type DeviceReport,
  type FitOptions,
  listDevices,
  parseModel,
  type StateDict,
  selectDevice,
  serializeAdapter,
  serializeModel,
  tensor,
} from 'lowrank';
import { DigitsNet } from 'lowrank/mnist';
import { Answers } from './answers.js';
import { countsOf, score } from './counts.js';
import { Digits, NORMALISATION } from './digits.js';
import { fetchBase, type OnBytes } from './files.js';
import { insideOf, START } from './inside.js';
import {
  type Adapted,
  adaptedOn,
  carriedOn,
  fingerprint,
  logitsOf,
  type Network,
  networkOn,
  probabilities,
  taughtBy,
  viewOf,
} from './networks.js';
import { PIXELS } from './pixels.js';
import { throttled } from './progress.js';
import { BATCH_SIZE, type TeachOptions, teachingData, withMovedDrawings } from './teaching.js';
import { type TrainOptions, train } from './training.js';
import type {
  AdapterFiles,
  AdapterView,
  Counts,
  DeviceView,
  Inside,
  LabelledImages,
  LoadedAdapter,
  OnProgress,
  Outcome,
  Prediction,
  SavedAdapter,
  SavedModel,
  Scores,
} from './views.js';

interface Learner {
  readonly model: DigitsNet;
  readonly as: 'adapted' | 'candidate';
}

/**
 * Base and adapted networks are separate models, and none is switched between the two, so that one can answer while another
 * is counted or trained.
 */
export class Lab {
  #device: Backend | undefined;
  #base: Network | undefined;
  #adapted: Adapted | undefined;
  /** A network that was trained from scratch and is not accepted yet. */
  #candidate: Network | undefined;
  /** The model in training, and the name under which it already answers. */
  #learner: Learner | undefined;
  readonly #answers = new Answers();
  #shipped: StateDict | undefined;
  readonly #digits = new Digits();
  /** Stops running and waiting training runs. */
  readonly #stops = new Set<AbortController>();
  #last: Promise<unknown> = Promise.resolve();

  /** Queues work, so that nothing is replaced while it is trained or counted. */
  #queued<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#last.then(work, work);
    this.#last = next.catch(() => {});
    return next;
  }

  /**
   * Opens a device and moves the networks to it; if that fails, everything stays as it was.
   * @throws DeviceError when a named device is not available
   */
  open(prefer: 'auto' | DeviceName, onLost: (reason: string) => void): Promise<DeviceView> {
    return this.#queued(async () => {
      const { device, reason } = await selectDevice({ prefer });
      const old = this.#device;
      try {
        const base = this.#base && networkOn(device, this.#base.state);
        const candidate = this.#candidate && networkOn(device, this.#candidate.state);
        const adapted = base && this.#adapted && (await adaptedOn(device, base.state, this.#adapted));
        [this.#base, this.#candidate, this.#adapted] = [base, candidate, adapted];
      } catch (error) {
        device.dispose();
        throw error;
      }
      this.#digits.leaveDevice();
      this.#device = device;
      device.lost.then(({ message }) => {
        if (this.#device === device) onLost(message);
      });
      await this.#answers.read();
      old?.dispose();
      return { name: device.name, features: [...device.features], reason };
    });
  }

  /** Lists the devices. This loads their code. */
  devices(): Promise<DeviceReport[]> {
    return this.#queued(listDevices);
  }

  /**
   * Installs a network and its adapter in place of the present ones.
   * @throws DataError saying what is wrong; nothing has changed then
   */
  install({ base: bytes, adapter }: SavedModel): Promise<AdapterView | undefined> {
    return this.#queued(async () => {
      this.#shipped ??= bytes ? undefined : await fetchBase();
      const state = bytes ? parseModel(bytes, 'the saved network') : this.#shipped;
      if (!state) throw new Error('install: there is no network');
      const base = networkOn(this.#opened(), state);
      try {
        this.#setAdapted(adapter && (await adaptedOn(this.#opened(), state, adapter)));
      } catch (error) {
        base.model.dispose();
        throw error;
      }
      this.#base?.model.dispose();
      this.#base = base;
      return this.#adapted?.view;
    });
  }

  /** Fetches the quick digits outside the queue, so that other work does not wait for the network. @returns the test images */
  async fetchQuickDigits(): Promise<LabelledImages> {
    await this.#digits.fetchQuick();
    const { images, labels } = this.#digits.quick.test;
    return { images, labels };
  }

  /** Fetches all of MNIST, also outside the queue. */
  async fetchMnist(onBytes: OnBytes): Promise<void> {
    await this.#digits.fetchAll(onBytes);
  }

  /** Trains a network from scratch, without replacing the present one, and counts its wrong answers. */
  trainBase(epochs: number, onProgress: OnProgress): Promise<Outcome & { readonly scores: Scores }> {
    return this.#stoppable(async (signal) => {
      const model = new DigitsNet(this.#opened(), { seed: 0 });
      const length = { epochs, seed: 0, learningRate: 0.001, signal };
      try {
        const data = this.#digits.dataset(this.#opened(), this.#digits.all.train);
        const outcome = await this.#train({ model, as: 'candidate' }, data, length, onProgress);
        if (outcome.iterations === 0) throw new DataError('the training diverged: nothing has changed');
        const state = await model.stateDict();
        const scores = await score(model, this.#digits.dataset(this.#opened(), this.#digits.all.test));
        this.#candidate?.model.dispose();
        this.#candidate = { model, state };
        return { ...outcome, scores };
      } finally {
        this.#learner = undefined;
        if (this.#candidate?.model !== model) model.dispose();
      }
    });
  }

  /** Puts the network that was trained from scratch in place of the old one and its adapter. @returns its file */
  acceptBase(): Promise<Uint8Array> {
    return this.#queued(async () => {
      const accepted = this.#candidate;
      if (!accepted) throw new Error('acceptBase: there is no new network');
      const bytes = serializeModel(accepted.state);
      this.#setAdapted(undefined);
      this.#base?.model.dispose();
      [this.#base, this.#candidate] = [accepted, undefined];
      return bytes;
    });
  }

  /** Trains a new adapter with the tutorial's wrapper. If nothing comes of it, the old one stays. */
  teach(
    options: TeachOptions,
    onProgress: OnProgress,
  ): Promise<Outcome & { readonly adapter?: SavedAdapter }> {
    return this.#stoppable(async (signal) => {
      const { rank, alpha, learningRate, iterations: limit } = options;
      const { model, state } = networkOn(this.#opened(), this.#ready().state);
      try {
        const { seed } = START;
        const adapter = await applyLora(model, { rank, alpha, bias: 'lora_only', ...START });
        const { data, dispose } = teachingData(
          this.#opened(),
          this.#digits,
          withMovedDrawings(options),
          seed,
        );
        const epochs = Math.ceil(limit / data.batchCount({ batchSize: BATCH_SIZE }));
        const length = { epochs, limit, seed, learningRate, signal };
        const begin = performance.now();
        const outcome = await this.#train({ model, as: 'adapted' }, data, length, onProgress).finally(
          dispose,
        );
        const seconds = (performance.now() - begin) / 1000;
        const { iterations } = outcome;
        if (iterations === 0) return outcome;
        const files = await serializeAdapter(adapter);
        const taught = taughtBy(options, iterations, seconds);
        const view = viewOf(model, adapter, { ...taught, base: fingerprint(state) });
        this.#setAdapted({ model, files, view });
        return { ...outcome, adapter: { files, view } };
      } finally {
        this.#learner = undefined;
        if (this.#adapted?.model !== model) model.dispose();
      }
    });
  }

  /** Ends running and waiting training runs at the end of an iteration. */
  stop(): void {
    for (const stop of this.#stops) stop.abort();
  }

  /** Counts on the test images. */
  evaluate(): Promise<Counts> {
    return this.#queued(() => {
      const models = { base: this.#ready().model, adapted: this.#adapted?.model };
      return countsOf(this.#opened(), this.#digits, models);
    });
  }

  /**
   * Answers at once, or between two training steps.
   * @param pixels  28 × 28 bytes
   */
  predict(pixels: Uint8Array): Promise<Prediction> {
    return this.#answers.ask(() => this.#predict(pixels));
  }

  /**
   * @param carried  PEFT's two files, and what the page wrote beside them
   * @throws DataError saying what is wrong with the files; nothing has changed then
   */
  loadAdapter(carried: AdapterFiles): Promise<LoadedAdapter> {
    return this.#queued(async () => {
      const { adapted, note } = await carriedOn(this.#opened(), this.#ready().state, carried);
      this.#setAdapted(adapted);
      return { files: adapted.files, view: adapted.view, note };
    });
  }

  /** The network and its adapter in numbers. */
  inside(): Promise<Inside> {
    return this.#queued(async () => insideOf(this.#opened(), this.#ready().state, this.#adapted));
  }

  /** Bytes on the device; the same after a training run as before it. */
  memory() {
    return this.#opened().memory();
  }

  #stoppable<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const stop = new AbortController();
    this.#stops.add(stop);
    return this.#queued(() => work(stop.signal)).finally(() => this.#stops.delete(stop));
  }

  #train(
    learner: Learner,
    data: Parameters<typeof train>[1],
    length: Omit<TrainOptions, 'onStep'>,
    onProgress: OnProgress,
  ): Promise<Outcome> {
    const report = throttled(onProgress);
    const onStep: FitOptions['onStep'] = (step) => {
      report(step);
      this.#answers.give();
    };
    this.#learner = learner;
    return this.#answers.while(() => train(learner.model, data, { ...length, onStep }));
  }

  async #predict(pixels: Uint8Array): Promise<Prediction> {
    const { model } = this.#ready();
    const { mean, std } = NORMALISATION;
    const bytes = Array.from(pixels, (byte) => (byte / 255 - mean) / std);
    const x = tensor(this.#opened(), bytes, [1, PIXELS]);
    const learner = (as: Learner['as']) => (this.#learner?.as === as ? this.#learner.model : undefined);
    const logits = [
      model,
      learner('adapted') ?? this.#adapted?.model,
      learner('candidate') ?? this.#candidate?.model,
    ].map((each) => each && logitsOf(each, x));
    x.dispose();
    const [base, adapted, candidate] = await Promise.all(logits.map(probabilities));
    if (!base) throw new Error('predict: the network gave no answer');
    return { base, adapted, candidate };
  }

  #opened(): Backend {
    if (!this.#device) throw new Error('no device is open');
    return this.#device;
  }

  #ready(): Network {
    if (!this.#base) throw new DataError('the network is not loaded');
    return this.#base;
  }

  #setAdapted(adapted: Adapted | undefined): void {
    this.#adapted?.model.dispose();
    this.#adapted = adapted;
  }
}
