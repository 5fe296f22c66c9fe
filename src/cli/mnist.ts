/** The job: train DigitsNet on MNIST, adapt it with LoRA, and measure what was won and what was forgotten. */
import {
  Adam,
  applyLora,
  countParameters,
  type Dataset,
  DigitsNet,
  evaluate,
  type FitResult,
  fit,
  type LoraAdapter,
  type Module,
  type StateDict,
} from '../core.js';
import { Interrupted } from './errors.js';
import { integer } from './format.js';
import { type AdaptedSummary, type BaseSummary, type MnistSummary, type Score, writeJson } from './json.js';
import type { Method, MnistOptions } from './options.js';
import { type Prepared, prepare } from './prepare.js';
import type { Progress } from './progress.js';

/** The outside world of a run. */
export interface MnistSurroundings {
  readonly progress: Progress;
  /** Told in half a sentence what is going on. */
  readonly notice: (text: string) => void;
  /** Stops the run at the end of an iteration; its reason is an {@link Interrupted}. */
  readonly signal: AbortSignal;
}

export interface MnistRun {
  readonly summary: MnistSummary;
  /** The digits adapted to. */
  readonly digits: readonly number[];
  /** Test images of each digit. */
  readonly images: readonly number[];
}

/**
 * Runs the job and writes its files.
 * @throws UsageError and DataError before any training, Interrupted after a signal, when what there was is saved
 */
export async function runMnist(options: MnistOptions, surroundings: MnistSurroundings): Promise<MnistRun> {
  const prepared = await prepare(options);
  const { device, train, test, output, jsonPath } = prepared;
  try {
    const job = new Job(options, prepared, surroundings);
    const summary = await job.run();
    if (jsonPath !== undefined) await writeJson(jsonPath, summary);
    const files = [...output.saved, ...(jsonPath === undefined ? [] : [jsonPath])];
    surroundings.notice(`saved ${files.join(', ')}`);
    return { summary, digits: options.digits, images: test.classCounts };
  } finally {
    surroundings.progress.end();
    train.dispose();
    test.dispose();
    device.dispose();
  }
}

class Job {
  readonly #options: MnistOptions;
  readonly #prepared: Prepared;
  readonly #surroundings: MnistSurroundings;

  constructor(options: MnistOptions, prepared: Prepared, surroundings: MnistSurroundings) {
    this.#options = options;
    this.#prepared = prepared;
    this.#surroundings = surroundings;
  }

  async run(): Promise<MnistSummary> {
    const { device, reason, source, train, test } = this.#prepared;
    const { seed, methods } = this.#options;
    const images = `${integer(train.length)} training and ${integer(test.length)} test images`;
    this.#surroundings.notice(`${images} from ${source}, on ${device.name}`);
    this.#stopIfInterrupted();
    const { summary: base, state } = await this.#trainBase();
    const summary: MnistSummary = {
      device: { name: device.name, features: [...device.features], reason },
      seed,
      base,
    };
    for (const method of methods) summary[method] = await this.#adapt(method, state);
    return summary;
  }

  async #trainBase(): Promise<{ summary: BaseSummary; state: StateDict }> {
    const { train, output } = this.#prepared;
    const { epochs } = this.#options;
    const model = this.#newModel();
    try {
      const parameters = countParameters(model).total;
      const result = await this.#train('base', model, train, { epochs });
      const state = await model.stateDict();
      if (result.iterations > 0) await output.saveBase(state);
      this.#stopIfInterrupted(result, 'base');
      const score = await this.#score('test of base', model);
      return { summary: { parameters, ...score, ...facts(result) }, state };
    } finally {
      model.dispose();
    }
  }

  async #adapt(method: Method, base: StateDict): Promise<AdaptedSummary> {
    const { chosen, output } = this.#prepared;
    const { rank, alpha, seed, iterations, batchSize } = this.#options;
    const model = this.#newModel();
    try {
      model.loadStateDict(base);
      // The tutorial's wrapper leaves the biases trainable, its parametrization does not.
      const bias = method === 'layer' ? 'lora_only' : 'none';
      const adapter = await applyLora(model, { method, rank, alpha, bias, init: 'normal', seed });
      const { total, trainable, trainablePercent } = countParameters(model);
      const epochs = Math.ceil(iterations / chosen.batchCount({ batchSize }));
      const result = await this.#train(method, model, chosen, { epochs, limit: iterations });
      if (result.iterations > 0) await output.saveAdapter(method, adapter);
      this.#stopIfInterrupted(result, method);
      return {
        totalParameters: total,
        trainableParameters: trainable,
        trainablePercent,
        rank,
        alpha,
        ...facts(result),
        ...(await this.#scoreOnAndOff(method, model, adapter)),
      };
    } finally {
      model.dispose();
    }
  }

  async #scoreOnAndOff(method: Method, model: Module, adapter: LoraAdapter) {
    const adapted = await this.#score(`test of ${method}`, model);
    adapter.enabled = false;
    const disabled = await this.#score(`test of ${method}, switched off`, model);
    return { adapted, disabled };
  }

  #newModel(): DigitsNet {
    const { device, train } = this.#prepared;
    return new DigitsNet(device, { seed: this.#options.seed, inFeatures: train.features });
  }

  async #train(
    name: string,
    model: Module,
    data: Dataset,
    length: { readonly epochs: number; readonly limit?: number },
  ): Promise<FitResult> {
    const { learningRate, batchSize, seed } = this.#options;
    const { progress, signal } = this.#surroundings;
    const optimizer = new Adam(model.parameters(), { learningRate });
    const all = length.epochs * data.batchCount({ batchSize });
    progress.begin({ name, total: Math.min(all, length.limit ?? all), unit: 'iterations' });
    try {
      const onStep = (report: { iteration: number; meanLoss: number }) =>
        progress.update(report.iteration, report.meanLoss);
      return await fit(model, data, { optimizer, batchSize, seed, signal, onStep, ...length });
    } finally {
      progress.end();
      optimizer.dispose();
    }
  }

  async #score(name: string, model: Module): Promise<Score> {
    const { progress } = this.#surroundings;
    const { test } = this.#prepared;
    progress.begin({ name, total: test.length, unit: 'images' });
    try {
      const onBatch = (done: number) => {
        progress.update(done);
        this.#stopIfInterrupted();
      };
      const { accuracy, wrong } = await evaluate(model, test, { onBatch });
      return { accuracy, wrong };
    } finally {
      progress.end();
    }
  }

  /** @param result  of the training that the signal may have cut short */
  #stopIfInterrupted(result?: FitResult, name?: string): void {
    const { signal } = this.#surroundings;
    if (!signal.aborted) return;
    const { saved } = this.#prepared.output;
    const files = saved.length === 0 ? 'nothing to save yet' : `saved ${saved.join(', ')}`;
    const cut = result?.stopped ? ` (${name} after ${integer(result.iterations)} iterations)` : '';
    const exitCode = signal.reason instanceof Interrupted ? signal.reason.exitCode : 130;
    throw new Interrupted(`interrupted: ${files}${cut}`, exitCode);
  }
}

function facts({ meanLoss, iterations, iterationsPerSecond }: FitResult) {
  return { meanLoss, iterations, iterationsPerSecond };
}
