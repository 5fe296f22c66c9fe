/** `lowrank sweep`: the same adaptation with every combination of ranks, alphas, learning rates and seeds. */
import { join } from 'node:path';
import { sha256 } from '../base/sha256.js';
import { applyLora, countParameters, DataError, type StateDict } from '../core.js';
import { DigitsNet } from '../mnist/index.js';
import { serializeModel } from '../nn/modelFile.js';
import { exists } from '../node/files.js';
import { withDirectory } from '../node/inUse.js';
import { ensureWritableDirectory, writeFileAtomic } from '../node.js';
import { Interrupted } from './errors.js';
import { count, integer } from './format.js';
import { ensureWritableFile, jsonText, type Score } from './json.js';
import { readDigitsNet } from './modelFiles.js';
import { mixOthers, type OpenedData, openData } from './prepare.js';
import { sumOver } from './scoreTable.js';
import { gridOf, type SweepOptions, type TrialSettings } from './sweepOptions.js';
import { loadPlotter, type Plotter } from './sweepPlot.js';
import { csvText, type SweepResult, summarize } from './sweepResult.js';
import { checkTrainedBase, serializeBase } from './trainedBase.js';
import { exitCodeOfSignal, loraConfig, type Surroundings, Trainer } from './trainer.js';
import { appendTrial, keyOf, readTrials, type Trial } from './trials.js';

const FILES = ['base.safetensors', 'trials.jsonl', 'sweep.json', 'sweep.csv', 'sweep.svg'] as const;

export interface SweepSurroundings extends Surroundings {
  /** Called after each trial; resumed trials are reported first. */
  readonly onTrial: (trial: Trial, done: number, total: number) => void;
}

/**
 * Runs the trials that are not done yet, and writes their results, in a directory that no other run uses meanwhile.
 * @throws UsageError and DataError before any training, Interrupted after a signal: the trials so far are in the file
 */
export function runSweep(options: SweepOptions, surroundings: SweepSurroundings): Promise<SweepResult> {
  return withDirectory(options.out, { kind: 'run' }, () => runInDirectory(options, surroundings));
}

async function runInDirectory(options: SweepOptions, surroundings: SweepSurroundings): Promise<SweepResult> {
  const opened = await openData(options, options.ranks);
  try {
    const paths = await preparePaths(options);
    const plot = await loadPlotter(surroundings.notice);
    const { base, score } = await baseOf(opened, options, surroundings, paths.base);
    const sweep = new Sweep(options, opened, surroundings, base, score, paths.trials);
    const trials = await sweep.run();
    const result = summarize(trials, score, options);
    const saved = await writeResults(result, paths, plot);
    surroundings.notice(`saved ${[paths.trials, ...saved].join(', ')}`);
    return result;
  } finally {
    surroundings.progress.end();
    opened.train.dispose();
    opened.test.dispose();
    opened.device.dispose();
  }
}

type Paths = Readonly<Record<'base' | 'trials' | 'json' | 'csv' | 'svg', string>>;

/** @throws DataError for what cannot be written, and for existing trials when `--resume` was not given */
async function preparePaths({ out, resume }: SweepOptions): Promise<Paths> {
  await ensureWritableDirectory(out);
  const [base, trials, json, csv, svg] = FILES.map((name) => join(out, name));
  for (const path of [base, trials, json, csv, svg]) await ensureWritableFile(path);
  if (!resume && (await exists(trials))) {
    throw new DataError(
      `${trials}: holds the trials of another sweep: continue it with --resume, or name another --out`,
    );
  }
  return { base, trials, json, csv, svg };
}

/** The base of all trials: a file's, or trained with the first seed and saved. */
async function baseOf(
  { device, train, test }: OpenedData,
  { base: given, resume, epochs, batchSize, seeds }: SweepOptions,
  surroundings: Surroundings,
  path: string,
): Promise<{ base: StateDict; score: Score }> {
  const trainer = new Trainer(surroundings);
  const settings = {
    ...{ seed: `${seeds[0]}`, epochs: `${epochs}`, batchSize: `${batchSize}` },
    data: await train.digest(),
  };
  const file = given ?? (resume && (await exists(path)) ? path : undefined);
  if (file !== undefined && given === undefined) await checkTrainedBase(file, settings);
  const model =
    file === undefined
      ? new DigitsNet(device, { seed: seeds[0], inFeatures: train.features })
      : await readDigitsNet(device, file, train);
  try {
    if (file === undefined) {
      // The same settings as the defaults of `mnist`.
      const options = { learningRate: 0.001, batchSize, seed: seeds[0], epochs };
      const { iterations } = await trainer.train('base', model, train, options);
      stopIfInterrupted(surroundings.signal, `base after ${count(iterations, 'iteration')}, nothing saved`);
      await writeFileAtomic(path, serializeBase(await model.stateDict(), settings));
    }
    const score = await trainer.score('test of base', model, test, () =>
      stopIfInterrupted(surroundings.signal, 'no trial yet'),
    );
    return { base: await model.stateDict(), score };
  } finally {
    model.dispose();
  }
}

class Sweep {
  readonly #trainer: Trainer;

  constructor(
    readonly options: SweepOptions,
    readonly opened: OpenedData,
    readonly surroundings: SweepSurroundings,
    readonly base: StateDict,
    readonly score: Score,
    readonly path: string,
  ) {
    this.#trainer = new Trainer(surroundings);
  }

  /** Every trial, with digests that distinguish it from trials over another base or other images. */
  async #grid(): Promise<TrialSettings[]> {
    const { train, test } = this.opened;
    const digest = (text: string | Uint8Array) => sha256(text).slice(0, 16);
    const data = digest(`${await train.digest()} ${await test.digest()}`);
    return gridOf(this.options, { base: digest(serializeModel(this.base)), data });
  }

  async run(): Promise<Trial[]> {
    const { notice, signal, onTrial } = this.surroundings;
    const grid = await this.#grid();
    const known = new Map((await readTrials(this.path)).map((trial) => [keyOf(trial), trial]));
    const done = grid.filter((settings) => known.has(keyOf(settings))).length;
    const others = known.size - done;
    if (done > 0) notice(`${count(done, 'trial')} of ${integer(grid.length)} done before`);
    if (others > 0) notice(`${count(others, 'trial')} of other settings in ${this.path} left alone`);
    const trials: Trial[] = [];
    for (const settings of grid) {
      let trial = known.get(keyOf(settings));
      if (!trial) {
        const stop = () =>
          stopIfInterrupted(signal, `${count(trials.length, 'trial')} in ${this.path}; --resume continues`);
        trial = await this.#trial(settings, `trial ${trials.length + 1}/${grid.length}`, stop);
        await appendTrial(this.path, trial);
      }
      trials.push(trial);
      onTrial(trial, trials.length, grid.length);
    }
    return trials;
  }

  /** @param stop  throws once the run is interrupted */
  async #trial(settings: TrialSettings, name: string, stop: () => void): Promise<Trial> {
    const { device, train, test } = this.opened;
    const { seed, digits, iterations: limit, batchSize } = settings;
    const data = mixOthers(this.opened, settings, seed);
    const model = new DigitsNet(device, { inFeatures: train.features });
    try {
      model.loadStateDict(this.base);
      await applyLora(model, loraConfig(settings));
      const parameters = countParameters(model).trainable;
      const epochs = Math.ceil(limit / data.batchCount({ batchSize }));
      const begun = performance.now();
      const lengths = { epochs, limit, transient: true };
      const { meanLoss } = await this.#trainer.train(name, model, data, { ...settings, ...lengths });
      const seconds = (performance.now() - begun) / 1000;
      stop();
      const { accuracy, wrong } = await this.#trainer.score(`test of ${name}`, model, test, stop);
      const others = [...wrong.keys()].filter((digit) => !digits.includes(digit));
      const gained = sumOver(this.score.wrong, digits) - sumOver(wrong, digits);
      const forgotten = sumOver(wrong, others) - sumOver(this.score.wrong, others);
      return { ...settings, parameters, meanLoss, seconds, gained, forgotten, accuracy, wrong };
    } finally {
      model.dispose();
    }
  }
}

async function writeResults(
  result: SweepResult,
  { json, csv, svg }: Paths,
  plot: Plotter | undefined,
): Promise<string[]> {
  const files: [path: string, text: string][] = [
    [json, jsonText(result)],
    [csv, csvText(result.trials)],
  ];
  if (plot) files.push([svg, plot(result)]);
  for (const [path, text] of files) await writeFileAtomic(path, new TextEncoder().encode(text));
  return files.map(([path]) => path);
}

function stopIfInterrupted(signal: AbortSignal, what: string): void {
  if (signal.aborted) throw new Interrupted(`interrupted: ${what}`, exitCodeOfSignal(signal));
}
