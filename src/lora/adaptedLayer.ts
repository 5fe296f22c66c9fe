import { freeModule, Layer, type Module } from '../nn/module.js';
import { requireUnused } from '../nn/use.js';
import { copyParameter, type Parameter, type Shape, type Tensor } from '../tensor.js';
import type { LoraFactors } from './factors.js';
import type { LayerKind } from './layerKind.js';
import type { Product, WeightOps } from './updates.js';

/** Name for "no adapter", the base model, in a batch whose rows use different adapters. */
export const BASE = '__base__';

/**
 * Which rows of a layer's input use an adapter: gives a mask of zeros and ones.
 * @param rows  the leading sizes of the input, whose product is the number of rows
 */
export type RowMasks = (adapter: string, rows: Shape) => Tensor;

/**
 * A frozen module with the updates of adapters for its weight; the active ones are added.
 * While none is active, or the layer is off, it is exactly its base, bit for bit.
 */
export abstract class AdaptedLayer extends Layer implements WeightOps {
  abstract readonly kind: LayerKind;
  /** The factors of each adapter, by its name. */
  // Without a prototype, an adapter may be called constructor or __proto__.
  readonly adapters: Record<string, LoraFactors> = Object.create(null);
  #enabled = true;
  #active: readonly string[] = [];
  #rowMasks: RowMasks | undefined;
  /** The base's parameters as they were before the updates were added to them. */
  #unmerged: ReadonlyMap<Parameter, Parameter> | undefined;

  /** The frozen weight, `[outFeatures, inFeatures]` of a Linear, `[inFeatures, outFeatures]` of an Embedding. */
  abstract get baseWeight(): Parameter;
  abstract get baseBias(): Parameter | undefined;
  abstract get inFeatures(): number;
  abstract get outFeatures(): number;

  /** `0 … outFeatures − 1` (i32) where the weight is stored transposed. */
  get columns(): Tensor | undefined {
    return undefined;
  }

  /** The module that computes with the weight and the updates. */
  abstract get computes(): Layer;

  abstract addToWeight(weight: Tensor, product: Product): Tensor;
  abstract doraFactors(magnitude: Tensor, products: readonly Product[]): Tensor;
  abstract scaleWeight(weight: Tensor, factors: Tensor): Tensor;

  /** @internal Puts the base back in its place. @param parent  where it has a child of this name */
  abstract takeOff(parent: Module | undefined, name: string): void;

  /** The values with the active updates added, for each parameter of the base that they change. */
  abstract mergedValues(): Map<Parameter, Tensor>;

  /**
   * Whether updates are added. When false, the layer behaves as its base (except for trained biases). It cannot be changed
   * while another call, such as `fit` or `evaluate`, uses the model.
   */
  get enabled(): boolean {
    return this.#enabled;
  }

  set enabled(enabled: boolean) {
    requireUnused('layer.enabled', [this]);
    this.#enabled = enabled;
  }

  /** The names of the adapters that are active here, in the order in which they are added. */
  get active(): readonly string[] {
    return this.#active;
  }

  /** @internal Activates those of the names that this layer has. */
  activate(names: readonly string[]): void {
    this.#active = names.filter((name) => name in this.adapters);
  }

  /** @internal Sets the masks for one pass over a batch whose rows use different adapters. */
  set rowMasks(masks: RowMasks | undefined) {
    this.#rowMasks = masks;
  }

  get isMerged(): boolean {
    return this.#unmerged !== undefined;
  }

  /**
   * @internal Adds updates to the base in place.
   * @param values     as `mergedValues` gave them
   * @param isForGood  keeps no originals
   */
  merge(values: ReadonlyMap<Parameter, Tensor>, isForGood: boolean): void {
    const unmerged = new Map<Parameter, Parameter>();
    for (const [base, value] of values) {
      if (!isForGood) {
        const original = copyParameter(base, false);
        unmerged.set(base, original);
        this.nonPersistent.add(original);
      }
      base.device.run('copy', { out: base.storage, x: value.storage });
    }
    this.#unmerged = unmerged;
  }

  /** @internal Forgets the originals, or first puts them back, bit for bit. */
  unmerge(restore = true): void {
    for (const [base, original] of this.#unmerged ?? []) {
      if (restore) base.device.run('copy', { out: base.storage, x: original.storage });
      this.nonPersistent.delete(original);
      original.dispose();
    }
    this.#unmerged = undefined;
  }

  /** @internal Removes an adapter and frees it. */
  remove(adapter: string): void {
    const factors = this.adapters[adapter];
    if (!factors) return;
    delete this.adapters[adapter];
    this.#active = this.#active.filter((name) => name !== adapter);
    freeModule(factors);
  }

  /** @internal Renames an adapter, in the same place. */
  rename(from: string, to: string): void {
    const all = Object.entries(this.adapters);
    for (const name of Object.keys(this.adapters)) delete this.adapters[name];
    for (const [name, factors] of all) this.adapters[name === from ? to : name] = factors;
    this.#active = this.#active.map((name) => (name === from ? to : name));
  }

  /** The factors whose updates are added now. */
  protected get activeFactors(): readonly LoraFactors[] {
    if (!this.#enabled || this.#unmerged) return [];
    return this.#active.map((name) => this.adapters[name]);
  }

  /** Mask of the rows of an input that use the factors' adapter; undefined where all do. */
  protected rowMask(factors: LoraFactors, rows: Shape): Tensor | undefined {
    if (!this.#rowMasks) return undefined;
    const name = this.#active.find((each) => this.adapters[each] === factors);
    return this.#rowMasks(name ?? BASE, rows);
  }
}
