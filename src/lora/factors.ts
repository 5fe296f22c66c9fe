import type { Backend } from '../backends/backend.js';
import { Dropout } from '../nn/dropout.js';
import { Module } from '../nn/module.js';
import { type Parameter, parameter } from '../tensor.js';
import { scalingOf } from './config.js';
import type { FactorShape, FactorValues } from './initialFactors.js';
import { DoraUpdate, FromInitial, LowRankUpdate, type Product, type Update } from './updates.js';

export interface FactorsOptions extends FactorShape {
  readonly alpha: number;
  readonly useRslora: boolean;
  readonly dropout: number;
  readonly seed: number;
  readonly loraBias: boolean;
  /** Initial values; undefined where they are about to be written. */
  readonly values: FactorValues | undefined;
  /** Whether the values are a part of the weight: the update is then B A minus the initial product. */
  readonly fromWeight: boolean;
}

/** The parameters that one adapter trains in one layer: the update s B A and what belongs to it. */
export class LoraFactors extends Module {
  /** [rank, inFeatures] */
  readonly loraA: Parameter;
  /** [outFeatures, rank] */
  readonly loraB: Parameter;
  /** [outFeatures], added to the output with the factor s. */
  readonly loraBias: Parameter | undefined;
  /** DoRA's magnitude of each row of the weight, [outFeatures]. */
  magnitude: Parameter | undefined;
  readonly #update: LowRankUpdate;
  readonly dropout: Dropout | undefined;
  readonly rank: number;
  /** Factor of the update besides alpha / rank; initially 1. */
  factor = 1;
  #alpha: number;
  #useRslora: boolean;
  /** The initial A and B, frozen, where their product is subtracted. */
  readonly #initial: { readonly loraA: Parameter; readonly loraB: Parameter } | undefined;

  constructor(device: Backend, options: FactorsOptions) {
    super();
    const { rank, inFeatures, outFeatures, values, dropout } = options;
    const make = () => ({
      loraA: parameter(device, values?.a, [rank, inFeatures]),
      loraB: parameter(device, values?.b, [outFeatures, rank]),
    });
    const { loraA, loraB } = make();
    this.loraA = loraA;
    this.loraB = loraB;
    if (options.loraBias) this.loraBias = parameter(device, new Float32Array(outFeatures), [outFeatures]);
    if (dropout > 0) this.dropout = new Dropout(device, dropout, options.seed);
    this.rank = rank;
    this.#alpha = options.alpha;
    this.#useRslora = options.useRslora;
    const bias = this.loraBias && { bias: this.loraBias };
    const now = (): Product => ({ loraA, loraB, scaling: this.scaling, ...bias });
    if (!options.fromWeight) {
      this.#update = new LowRankUpdate(() => [now()]);
      return;
    }
    const initial = make();
    for (const each of Object.values(initial)) {
      each.requiresGrad = false;
      this.nonPersistent.add(each);
    }
    this.#initial = initial;
    this.#update = new FromInitial(now, initial);
  }

  /** alpha / rank, or alpha / √rank, times `factor`. */
  get scaling(): number {
    return this.factor * scalingOf(this.rank, this.#alpha, this.#useRslora);
  }

  get alpha(): number {
    return this.#alpha;
  }

  /** @internal Sets the scaling for values that were trained with a different one. */
  setAlpha(alpha: number, useRslora: boolean): void {
    this.#alpha = alpha;
    this.#useRslora = useRslora;
  }

  /** The initial A and B, where the update is the difference from their product. */
  get initial(): { readonly loraA: Parameter; readonly loraB: Parameter } | undefined {
    return this.#initial;
  }

  /** The update that is added to the layer. */
  get update(): Update {
    return this.magnitude ? new DoraUpdate(this.#update, this.magnitude) : this.#update;
  }

  /** The low-rank products whose sum is added to the weight. */
  get products(): readonly Product[] {
    return this.#update.products();
  }
}
