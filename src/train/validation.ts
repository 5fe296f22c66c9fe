/** Validation during a training run: its results, the best weights, and when to stop. */

import { checkOptions, type OptionNames } from '../base/options.js';
import type { AnyBatch, Batches } from '../data/batches.js';
import { type Batch, Dataset } from '../data/dataset.js';
import { type Module, requireLayer, type StateDict } from '../nn/module.js';
import { type Checkpoint, trainedParameters, valuesOf } from './checkpoint.js';
import { evaluate } from './evaluate.js';
import { evaluateLoss } from './evaluateLoss.js';
import type { LossFunction } from './loss.js';

export interface ValidationReport {
  /** Number of iterations before the validation. */
  readonly iteration: number;
  /** Mean of the training loss function over the validation data. */
  readonly loss: number;
  /** Share of right answers, 0 to 1, for a classifier trained with the default loss; undefined otherwise. */
  readonly accuracy: number | undefined;
}

export interface ValidationOptions<B extends AnyBatch = Batch> {
  readonly data: Batches<B>;
  /** Number of iterations between two validations; there is also one at the end. */
  readonly every: number;
  /**
   * Number of consecutive validations without a better loss after which training stops. With it, the run in any case ends
   * with the best weights. Default: no early stop, and the last weights.
   */
  readonly patience?: number;
  /** Whether the run ends with the best weights. Default: true with `patience`, otherwise false. */
  readonly keepBest?: boolean;
  /**
   * Measures the model instead of the default, for example by more than its loss; `data` then only identify what is measured,
   * for a checkpoint to compare. It must not change the weights.
   */
  readonly measure?: () => Promise<{ readonly loss: number; readonly accuracy?: number }>;
  /** Called after each validation; a promise that it returns is awaited before the next iteration. */
  readonly onValidation?: (report: ValidationReport) => void;
}

const NAMES: OptionNames<ValidationOptions> = {
  data: true,
  every: true,
  patience: true,
  keepBest: true,
  measure: true,
  onValidation: true,
};

/** The state of a training run's validations. */
export class Validation<M extends Module, B extends AnyBatch> {
  best: ValidationReport | undefined;
  #worse = 0;
  #bestState: StateDict = new Map();
  #last = -1;

  constructor(
    readonly model: M,
    readonly options: ValidationOptions<B> | undefined,
    readonly loss: LossFunction<M, B> | undefined,
  ) {
    if (!options) return;
    checkOptions('fit: validation', options, NAMES);
    const { every, patience = 1 } = options;
    for (const [name, value] of Object.entries({ every, patience })) {
      if (Number.isInteger(value) && value >= 1) continue;
      throw new RangeError(`fit: validation.${name} must be a positive integer: ${value}`);
    }
  }

  get state(): Pick<Checkpoint, 'best' | 'worse' | 'bestState'> {
    return { best: this.best, worse: this.#worse, bestState: this.#bestState };
  }

  restore({ best, worse, bestState, iteration }: Checkpoint): void {
    this.best = best;
    this.#worse = worse;
    this.#bestState = bestState;
    if (this.options && iteration % this.options.every === 0) this.#last = iteration;
  }

  get isOver(): boolean {
    const { patience } = this.options ?? {};
    return patience !== undefined && this.#worse >= patience;
  }

  /** Validates when it is time. @param isEnd  whether there is no later iteration */
  async after(iteration: number, isEnd: boolean): Promise<void> {
    const { options } = this;
    if (!options || this.#last === iteration) return;
    if (iteration % options.every !== 0 && !isEnd) return;
    this.#last = iteration;
    const report = { iteration, ...(await this.#measure(options.data)) };
    if (!this.best || report.loss < this.best.loss) {
      this.best = report;
      this.#worse = 0;
      const { keepBest = options.patience !== undefined } = options;
      if (keepBest) this.#bestState = await valuesOf(trainedParameters(this.model));
    } else this.#worse += 1;
    await options.onValidation?.(report);
  }

  async #measure(data: Batches<B>): Promise<Pick<ValidationReport, 'loss' | 'accuracy'>> {
    const { model, loss } = this;
    const measured = await this.options?.measure?.();
    if (measured) return { loss: measured.loss, accuracy: measured.accuracy };
    if (loss) return { loss: await evaluateLoss(model, data, { loss }), accuracy: undefined };
    requireLayer('fit', model);
    if (!(data instanceof Dataset)) throw new TypeError('fit: validation.data must be a Dataset, as data is');
    const { loss: mean, accuracy } = await evaluate(model, data);
    return { loss: mean, accuracy };
  }

  /** Puts the best weights back, where they are kept. */
  finish(): void {
    for (const [name, parameter] of trainedParameters(this.model)) {
      const values = this.#bestState.get(name);
      if (values) parameter.write(values.data);
    }
  }
}
