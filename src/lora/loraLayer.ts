import type { Layer, Module } from '../nn/module.js';
import type { LowRankWithBias } from '../ops/addLowRank.js';
import type { Parameter, Tensor } from '../tensor.js';
import { AdaptedLayer } from './adaptedLayer.js';
import type { LoraFactors } from './factors.js';
import type { LayerOps, Pass } from './updates.js';

/** A wrapper around a frozen layer: `y = base(x)` plus the updates of the active adapters, one after the other. */
export abstract class LoraLayer extends AdaptedLayer implements LayerOps {
  abstract readonly base: Layer;

  abstract addProduct(y: Tensor, x: Tensor, product: LowRankWithBias): Tensor;
  abstract baseProduct(x: Tensor): Tensor;
  abstract addBaseBias(y: Tensor): Tensor;
  abstract scaleOutputs(y: Tensor, factors: Tensor): Tensor;

  get computes(): Layer {
    return this;
  }

  forward(x: Tensor): Tensor {
    const [first, ...others] = this.activeFactors;
    if (!first) return this.base.forward(x);
    const pass = this.#pass(first, x);
    const y = first.update.withBase?.(pass) ?? first.update.addTo(this.base.forward(x), pass);
    return others.reduce((sum, each) => each.update.addTo(sum, this.#pass(each, x)), y);
  }

  mergedValues(): Map<Parameter, Tensor> {
    const { baseWeight } = this;
    const weight = this.activeFactors.reduce<Tensor>(
      (sum, { update }) => update.mergedInto(sum, this),
      baseWeight,
    );
    return new Map(weight === baseWeight ? [] : [[baseWeight, weight]]);
  }

  takeOff(parent: Module | undefined, name: string): void {
    parent?.replaceChild(name, this.base);
  }

  #pass(factors: LoraFactors, x: Tensor): Pass {
    const dropped = factors.dropout?.forward(x) ?? x;
    const rows = this.kind.takesIndices ? x.shape : x.shape.slice(0, -1);
    return { layer: this, x, dropped, rowMask: this.rowMask(factors, rows) };
  }
}
