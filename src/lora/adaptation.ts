/** The adapters on a model, and which of them are active. */
import { type Module, modelParts } from '../nn/module.js';
import { requireUnused, type UseKind } from '../nn/use.js';
import type { Parameter } from '../tensor.js';
import type { AdaptedLayer } from './adaptedLayer.js';
import type { ResolvedLoraConfig } from './config.js';
import type { LoraFactors } from './factors.js';
import type { SwitchedParameter } from './switchedParameter.js';

/** An adapter on a model, as `applyLora` and `loadAdapter` put it there. */
export class LoraAdapter {
  /** Notes from loading it, such as parts of the file that were left out; usually none. */
  notes: readonly string[] = [];

  /** @internal */
  constructor(
    readonly model: Module,
    /** Name of the adapter; `renameAdapter` changes it. */
    public name: string,
    /** Config of the adapter; it changes when its values are replaced. */
    public config: ResolvedLoraConfig,
    /** @internal */
    readonly adaptation: Adaptation,
  ) {}

  /**
   * Whether the adapter is active. When false, and with no other adapter active, the model is its base bit for bit. It cannot
   * be changed while another call, such as `fit` or `evaluate`, uses the model.
   */
  get enabled(): boolean {
    return this.adaptation.active.includes(this.name);
  }

  set enabled(enabled: boolean) {
    this.adaptation.checkSwitchable('adapter.enabled');
    const others = this.adaptation.active.filter((name) => name !== this.name);
    this.adaptation.activate(enabled ? [...others, this.name] : others);
  }

  /** The layers that it adapts, by path; other adapters may also be on them. */
  get layers(): ReadonlyMap<string, AdaptedLayer> {
    return new Map([...this.adaptation.layers].filter(([, layer]) => this.name in layer.adapters));
  }

  /** The factors that it trains, by the path of the adapted module. */
  get factors(): ReadonlyMap<string, LoraFactors> {
    return new Map(Array.from(this.layers, ([path, layer]) => [path, layer.adapters[this.name]]));
  }

  /** Its copies of biases, and of parameters of modules that it trains as a whole, by path. */
  get copies(): ReadonlyMap<string, Parameter> {
    const copies = new Map<string, Parameter>();
    for (const [path, { parameter }] of this.adaptation.copiesOf(this.name)) copies.set(path, parameter);
    return copies;
  }

  /** All parameters that it trains. */
  parameters(): Parameter[] {
    return [
      ...[...this.factors.values()].flatMap((factors) => factors.parameters()),
      ...this.copies.values(),
    ];
  }
}

export class Adaptation {
  /** The adapted layers, by the path of the module. */
  readonly layers = new Map<string, AdaptedLayer>();
  /** Parameters that adapters train as a whole, by path. */
  readonly switched = new Map<string, SwitchedParameter>();
  readonly adapters = new Map<string, LoraAdapter>();
  /** The adapter of each example, while `withAdapterPerRow` runs. */
  rows: readonly string[] = [];
  #active: readonly string[] = [];

  constructor(readonly model: Module) {}

  /** The names of the active adapters, in the order in which they are added. */
  get active(): readonly string[] {
    return this.#active;
  }

  /** Which adapters are in force, and where: equal for equal states. */
  get state(): string {
    return JSON.stringify([this.#active, this.rows]);
  }

  get isMerged(): boolean {
    return [...this.layers.values()].some((layer) => layer.isMerged);
  }

  /** @throws RangeError when there is none of this name */
  adapter(name: string, what: string): LoraAdapter {
    const adapter = this.adapters.get(name);
    if (adapter) return adapter;
    throw new RangeError(
      `${what}: there is no adapter ${name}: there are ${[...this.adapters.keys()].join(', ')}`,
    );
  }

  /** @throws Error while the adapters are merged, RangeError where two of them train one parameter as a whole */
  activate(names: readonly string[]): void {
    this.checkUnmerged('the active adapters');
    for (const [path, switched] of this.switched) {
      const both = names.filter((name) => switched.copyOf(name));
      if (both.length > 1)
        throw new RangeError(`lora: ${both.join(' and ')} both train ${path}: activate one of them`);
    }
    for (const layer of this.layers.values()) layer.activate(names);
    for (const switched of this.switched.values()) switched.use(names);
    this.#active = [...names];
  }

  /** @param beside  kinds of uses that are allowed @throws Error while another call uses the model */
  checkUnused(call: string, beside: readonly UseKind[] = []): void {
    requireUnused(call, modelParts(this.model), { beside });
  }

  /** Like `checkUnused`, for a call that only changes which adapters are active. */
  checkSwitchable(call: string): void {
    requireUnused(call, modelParts(this.model), { isSwitch: true });
  }

  /** @throws Error while the adapters are merged */
  checkUnmerged(what: string): void {
    if (this.isMerged)
      throw new Error(`lora: ${what} cannot be changed while they are merged: call unmerge first`);
  }

  /** An adapter's copies of whole parameters. */
  *copiesOf(name: string): Generator<[path: string, { switched: SwitchedParameter; parameter: Parameter }]> {
    for (const [path, switched] of this.switched) {
      const parameter = switched.copyOf(name);
      if (parameter) yield [path, { switched, parameter }];
    }
  }
}

const adaptations = new WeakMap<Module, Adaptation>();

/** The adapters on a model; undefined when there never was one, or all were unloaded. */
export function findAdaptation(model: Module): Adaptation | undefined {
  return adaptations.get(model);
}

/** Which of a model's adapters are in force: equal for equal states; empty where there are none. */
export function adapterState(model: Module): string {
  return adaptations.get(model)?.state ?? '';
}

/** @throws RangeError when there is no adapter on the model */
export function adaptationOf(model: Module, what: string): Adaptation {
  const adaptation = adaptations.get(model);
  if (!adaptation || adaptation.adapters.size === 0)
    throw new RangeError(`${what}: the model has no adapter`);
  return adaptation;
}

/** @internal */
export function setAdaptation(model: Module, adaptation: Adaptation | undefined): void {
  if (adaptation) adaptations.set(model, adaptation);
  else adaptations.delete(model);
}
