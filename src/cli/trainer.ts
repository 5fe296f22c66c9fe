/** Code that the commands share: training and testing with progress, and the adapter of a method. */
import {
  Adam,
  type CheckpointOptions,
  type Dataset,
  evaluate,
  type FitResult,
  type Layer,
  type LoraConfig,
} from '../core.js';
import { fit } from '../index.js';
import { Interrupted } from './errors.js';
import type { Score, TrainingFacts } from './json.js';
import type { Method } from './options.js';
import type { Progress } from './progress.js';

/** The outside world of a run. */
export interface Surroundings {
  readonly progress: Progress;
  /** Called with a short phrase about what is going on. */
  readonly notice: (text: string) => void;
  /** Stops the run at the end of an iteration; its reason is an {@link Interrupted}. */
  readonly signal: AbortSignal;
}

type Settings = NonNullable<CheckpointOptions['settings']>;

export interface TrainOptions {
  readonly learningRate: number;
  readonly batchSize: number;
  readonly seed: number;
  readonly epochs: number;
  readonly limit?: number;
  /** Whether the progress is cleared at the end. */
  readonly transient?: boolean;
  /** Directory of the checkpoint; default none. */
  readonly checkpoint?: string;
  /** Whether to continue from the checkpoint. */
  readonly resume?: boolean;
  /** Settings that the checkpoint's run must share with this one. */
  readonly settings?: Settings;
}

/** Iterations between two checkpoints; some seconds of work for DigitsNet, and a file of 3 MB each time. */
const CHECKPOINT_EVERY = 1000;

export class Trainer {
  readonly #surroundings: Surroundings;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  /** Trains with Adam until done or stopped by the signal. */
  async train(name: string, model: Layer, data: Dataset, options: TrainOptions): Promise<FitResult> {
    const {
      learningRate,
      batchSize,
      seed,
      epochs,
      limit,
      transient = false,
      checkpoint,
      resume = false,
      settings = {},
    } = options;
    const { progress, signal } = this.#surroundings;
    const optimizer = new Adam(model.parameters(), { learningRate });
    const all = epochs * data.batchCount({ batchSize });
    progress.begin({ name, total: Math.min(all, limit ?? all), unit: 'iterations', transient });
    try {
      return await fit(model, data, {
        ...{ optimizer, batchSize, seed, signal, epochs },
        ...(limit === undefined ? {} : { limit }),
        ...(checkpoint === undefined
          ? {}
          : { checkpoint: { dir: checkpoint, every: CHECKPOINT_EVERY, resume, settings } }),
        onStep: ({ iteration, meanLoss }) => progress.update(iteration, meanLoss),
      });
    } finally {
      progress.end();
      optimizer.dispose();
    }
  }

  /** @param check  called between batches; what it throws ends the test */
  async score(name: string, model: Layer, test: Dataset, check: () => void): Promise<Score> {
    const { progress } = this.#surroundings;
    progress.begin({ name, total: test.length, unit: 'images' });
    try {
      const onBatch = (done: number) => {
        progress.update(done);
        check();
      };
      const { accuracy, wrong } = await evaluate(model, test, { onBatch });
      return { accuracy, wrong };
    } finally {
      progress.end();
    }
  }
}

export interface AdapterSettings {
  readonly method: Method;
  readonly rank: number;
  readonly alpha: number;
  readonly seed: number;
}

/** The tutorial's wrapper leaves the biases trainable, its parametrization does not. */
export function loraConfig({ method, rank, alpha, seed }: AdapterSettings): LoraConfig {
  return { method, rank, alpha, seed, bias: method === 'layer' ? 'lora_only' : 'none', init: 'normal' };
}

export function facts({ meanLoss, iterations, iterationsPerSecond }: FitResult): TrainingFacts {
  return { meanLoss, iterations, iterationsPerSecond };
}

/** The exit code of a run that its signal ended. */
export function exitCodeOfSignal({ reason }: AbortSignal): number {
  return reason instanceof Interrupted ? reason.exitCode : 130;
}
