/** The job: train DigitsNet on MNIST, adapt it with LoRA, and measure what was gained and what was forgotten. */
import {
  applyLora,
  countParameters,
  type Dataset,
  type FitResult,
  type Layer,
  type LoraAdapter,
  type StateDict,
} from '../core.js';
import { loadAdapter } from '../index.js';
import { DigitsNet } from '../mnist/index.js';
import { withDirectory } from '../node/inUse.js';
import { Interrupted } from './errors.js';
import { integer } from './format.js';
import { type AdaptedSummary, type BaseSummary, type MnistSummary, type Score, writeJson } from './json.js';
import { readDigitsNet } from './modelFiles.js';
import type { Method, MnistOptions } from './options.js';
import { type Prepared, prepare } from './prepare.js';
import { exitCodeOfSignal, facts, loraConfig, type Surroundings, Trainer } from './trainer.js';

export interface MnistRun {
  readonly summary: MnistSummary;
  /** The digits adapted to. */
  readonly digits: readonly number[];
  /** Test images of each digit. */
  readonly images: readonly number[];
}

/**
 * Runs the job and writes its files, in a directory that no other run uses meanwhile.
 * @throws UsageError and DataError before any training, Interrupted after a signal, when the results so far are saved
 */
export function runMnist(options: MnistOptions, surroundings: Surroundings): Promise<MnistRun> {
  return withDirectory(options.out, { kind: 'run' }, () => runInDirectory(options, surroundings));
}

async function runInDirectory(options: MnistOptions, surroundings: Surroundings): Promise<MnistRun> {
  const prepared = await prepare(options);
  const { device, train, test, output, jsonPath } = prepared;
  try {
    if (options.resume) {
      surroundings.notice(
        (await output.hasCheckpoints())
          ? `continuing the run in ${options.out}`
          : 'nothing to resume: starting from the beginning',
      );
    }
    const job = new Job(options, prepared, surroundings);
    const summary = await job.run();
    if (jsonPath !== undefined) await writeJson(jsonPath, summary);
    await output.removeCheckpoints();
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
  readonly #surroundings: Surroundings;
  readonly #trainer: Trainer;
  readonly #noted = new Set<string>();

  constructor(options: MnistOptions, prepared: Prepared, surroundings: Surroundings) {
    this.#options = options;
    this.#prepared = prepared;
    this.#surroundings = surroundings;
    this.#trainer = new Trainer(surroundings);
  }

  async run(): Promise<MnistSummary> {
    const { device, reason, source, train, test } = this.#prepared;
    const { seed, methods, base: file } = this.#options;
    const images = `${integer(train.length)} training and ${integer(test.length)} test images`;
    this.#surroundings.notice(`${images} from ${source}, on ${device.name}`);
    this.#stopIfInterrupted();
    const { summary: base, state } =
      file === undefined ? await this.#trainBase() : await this.#readBase(file);
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
    const model = this.#newModel();
    try {
      const parameters = countParameters(model).total;
      const result = await this.#train('base', model, train, { epochs: this.#options.epochs });
      const state = await model.stateDict();
      if (result.iterations > 0) await output.saveBase(state);
      this.#stopIfInterrupted(result, 'base');
      const score = await this.#score('test of base', model);
      return { summary: { parameters, ...score, ...facts(result) }, state };
    } finally {
      model.dispose();
    }
  }

  async #readBase(file: string): Promise<{ summary: BaseSummary; state: StateDict }> {
    const model = await readDigitsNet(this.#prepared.device, file);
    try {
      const score = await this.#score('test of base', model);
      return {
        summary: { parameters: countParameters(model).total, file, ...score },
        state: await model.stateDict(),
      };
    } finally {
      model.dispose();
    }
  }

  /** Reports a note once, although each method, with replay and without, loads the same adapter. */
  #noteOnce(note: string): void {
    if (this.#noted.has(note)) return;
    this.#noted.add(note);
    this.#surroundings.notice(`note: ${note}`);
  }

  /** Adapts; with `--replay`, a second time without it for comparison. */
  async #adapt(method: Method, base: StateDict): Promise<AdaptedSummary> {
    const { chosen, mixed, output } = this.#prepared;
    const { replay: fraction, adapter: from } = this.#options;
    const { adapter, counted, result, ...scores } = await this.#adaptTo(mixed, method, method, base, (made) =>
      output.saveAdapter(method, made),
    );
    const summary: AdaptedSummary = {
      totalParameters: counted.total,
      trainableParameters: counted.trainable,
      trainablePercent: counted.trainablePercent,
      rank: adapter.config.rank,
      alpha: adapter.config.alpha,
      ...(from === undefined ? {} : { from }),
      ...{ ...facts(result), ...scores },
    };
    if (fraction === 0) return summary;
    const plain = await this.#adaptTo(chosen, `${method}, no replay`, method, base);
    const without = { ...facts(plain.result), adapted: plain.adapted };
    return { ...summary, replay: { fraction, images: mixed.length, without } };
  }

  async #adaptTo(
    data: Dataset,
    name: string,
    method: Method,
    base: StateDict,
    save?: (adapter: LoraAdapter) => Promise<void>,
  ) {
    const { rank, alpha, seed, iterations: limit, batchSize, adapter: from } = this.#options;
    const model = this.#newModel();
    try {
      model.loadStateDict(base);
      const adapter =
        from === undefined
          ? await applyLora(model, loraConfig({ method, rank, alpha, seed }))
          : await loadAdapter(model, from, { method });
      for (const note of adapter.notes) this.#noteOnce(note);
      const counted = countParameters(model);
      const epochs = Math.ceil(limit / data.batchCount({ batchSize }));
      const result = await this.#train(name, model, data, { epochs, limit });
      if (result.iterations > 0) await save?.(adapter);
      this.#stopIfInterrupted(result, name);
      return { adapter, counted, result, ...(await this.#scoreOnAndOff(name, model, adapter)) };
    } finally {
      model.dispose();
    }
  }

  async #scoreOnAndOff(name: string, model: Layer, adapter: LoraAdapter) {
    const adapted = await this.#score(`test of ${name}`, model);
    adapter.enabled = false;
    const disabled = await this.#score(`test of ${name}, switched off`, model);
    return { adapted, disabled };
  }

  #newModel(): DigitsNet {
    const { device, train } = this.#prepared;
    return new DigitsNet(device, { seed: this.#options.seed, inFeatures: train.features });
  }

  #train(
    name: string,
    model: Layer,
    data: Dataset,
    length: { readonly epochs: number; readonly limit?: number },
  ): Promise<FitResult> {
    const { learningRate, batchSize, seed, resume } = this.#options;
    const checkpoint = this.#prepared.output.checkpoint(name.replace(', ', '-').replace(' ', '-'));
    const { rank, alpha, digits, replay } = this.#options;
    const { base, adapter } = this.#prepared.inputs;
    const settings = {
      ...{ rank, alpha, digits: digits.join(), replay },
      ...{ '--base': base, '--adapter': adapter },
    };
    const options = { learningRate, batchSize, seed, resume, checkpoint, settings, ...length };
    return this.#trainer.train(name, model, data, options);
  }

  #score(name: string, model: Layer): Promise<Score> {
    return this.#trainer.score(name, model, this.#prepared.test, () => this.#stopIfInterrupted());
  }

  /** @param result  result of the training that the signal may have cut short */
  #stopIfInterrupted(result?: FitResult, name?: string): void {
    const { signal } = this.#surroundings;
    if (!signal.aborted) return;
    const { saved } = this.#prepared.output;
    const cut = result?.stopped ? ` (${name} after ${integer(result.iterations)} iterations)` : '';
    const files =
      saved.length === 0 ? 'nothing to save yet' : `saved ${saved.join(', ')}${cut}; --resume continues`;
    throw new Interrupted(`interrupted: ${files}`, exitCodeOfSignal(signal));
  }
}
