/** Updates of a layer by an adapter: additions to its output, or to its weight. */
import { add } from '../ops/add.js';
import type { LowRankWithBias } from '../ops/addLowRank.js';
import type { Parameter, Tensor } from '../tensor.js';

/** A low-rank product s B A, and the bias of B. */
export type Product = Omit<LowRankWithBias, 'rowMask'>;

/** Operations on the weight of a kind of layer with low-rank products. */
export interface WeightOps {
  readonly baseWeight: Parameter;
  /** W + s B A, in new memory. */
  addToWeight(weight: Tensor, product: Product): Tensor;
  /** DoRA's factor for each output: magnitude / ‖W + Σ s B A‖. */
  doraFactors(magnitude: Tensor, products: readonly Product[]): Tensor;
  /** The weight with each output multiplied by a factor, in new memory. */
  scaleWeight(weight: Tensor, factors: Tensor): Tensor;
}

/** The same operations for a layer's outputs; an op may take over the memory of `y`. */
export interface LayerOps extends WeightOps {
  /** y plus the product's output. */
  addProduct(y: Tensor, x: Tensor, product: LowRankWithBias): Tensor;
  /** The output of the base's weight, without a bias. */
  baseProduct(x: Tensor): Tensor;
  /** y plus the base's bias. */
  addBaseBias(y: Tensor): Tensor;
  /** Each output multiplied by a factor. */
  scaleOutputs(y: Tensor, factors: Tensor): Tensor;
}

/** A forward pass of one layer. */
export interface Pass {
  readonly layer: LayerOps;
  readonly x: Tensor;
  /** x, or what dropout has left of it. */
  readonly dropped: Tensor;
  /** Which rows get the update; undefined where all do. */
  readonly rowMask: Tensor | undefined;
}

export interface Update {
  /** y plus the update, where y is the base's output with other updates. */
  addTo(y: Tensor, pass: Pass): Tensor;
  /** The base's output plus the update, where that is cheaper than `addTo`. */
  withBase?(pass: Pass): Tensor | undefined;
  /** The weight plus the update. */
  mergedInto(weight: Tensor, layer: WeightOps): Tensor;
}

/** Gives the low-rank products whose sum is an update; their scaling may change. */
type Products = () => readonly Product[];

/** `y + Σ s (x Aᵀ) Bᵀ`. @see https://arxiv.org/abs/2106.09685 */
export class LowRankUpdate implements Update {
  constructor(readonly products: Products) {}

  addTo(y: Tensor, { layer, dropped, rowMask }: Pass): Tensor {
    return this.products().reduce((sum, each) => layer.addProduct(sum, dropped, { ...each, rowMask }), y);
  }

  mergedInto(weight: Tensor, layer: WeightOps): Tensor {
    return this.products().reduce((sum, each) => layer.addToWeight(sum, each), weight);
  }
}

/** The difference from the initial factors: the products of both, the second one negative. */
export class FromInitial extends LowRankUpdate {
  constructor(now: () => Product, initial: Pick<Product, 'loraA' | 'loraB'>) {
    super(() => [now(), { ...initial, scaling: -now().scaling }]);
  }
}

/** `y + g ⊙ (x Wᵀ + Σ s (x Aᵀ) Bᵀ) − x Wᵀ`, g = magnitude / ‖W + Σ s B A‖. @see https://arxiv.org/abs/2402.09353 */
export class DoraUpdate implements Update {
  constructor(
    readonly inner: LowRankUpdate,
    readonly magnitude: Parameter,
  ) {}

  addTo(y: Tensor, pass: Pass): Tensor {
    return add(add(y, this.#scaled(pass)), pass.layer.baseProduct(pass.dropped), { alpha: -1 });
  }

  /** The base's output plus the update; without dropout, x Wᵀ is computed only once. */
  withBase(pass: Pass): Tensor | undefined {
    return pass.dropped === pass.x ? pass.layer.addBaseBias(this.#scaled(pass)) : undefined;
  }

  mergedInto(weight: Tensor, layer: WeightOps): Tensor {
    const { baseWeight } = layer;
    const scaled = layer.scaleWeight(this.inner.mergedInto(baseWeight, layer), this.#factors(layer));
    return weight === baseWeight ? scaled : add(add(weight, scaled), baseWeight, { alpha: -1 });
  }

  #scaled(pass: Pass): Tensor {
    const { layer, dropped } = pass;
    return layer.scaleOutputs(this.inner.addTo(layer.baseProduct(dropped), pass), this.#factors(layer));
  }

  #factors(layer: WeightOps): Tensor {
    return layer.doraFactors(this.magnitude, this.inner.products());
  }
}
