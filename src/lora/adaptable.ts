/** The layers that can be adapted, and the classes that adapt them: the only place that names them. */
import { Embedding } from '../nn/embedding.js';
import { Linear } from '../nn/linear.js';
import type { Module } from '../nn/module.js';
import type { AdaptedLayer } from './adaptedLayer.js';
import { EMBEDDING, type LayerKind, LINEAR } from './layerKind.js';
import { LoraEmbedding } from './loraEmbedding.js';
import type { LoraLayer } from './loraLayer.js';
import { LoraLinear } from './loraLinear.js';
import { LoraParametrization } from './loraParametrization.js';

/** A layer that can be adapted. */
export interface Adaptable {
  readonly module: Module;
  readonly kind: LayerKind;
  /** Input size of its weight or table: the factors are `[rank, inFeatures]` and `[outFeatures, rank]`. */
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly wrap: () => LoraLayer;
  /** Parametrizes the weight; undefined where it cannot be parametrized. */
  readonly parametrize: (() => AdaptedLayer) | undefined;
}

type Describe = (module: Module) => Adaptable | undefined;

/** A row of the table. */
function row<Layer extends Module>(
  Class: abstract new (...args: never[]) => Layer,
  describe: (module: Layer) => Omit<Adaptable, 'module'>,
): Describe {
  return (module) => (module instanceof Class ? { module, ...describe(module) } : undefined);
}

const ADAPTABLE: readonly Describe[] = [
  row(Linear, (linear) => ({
    kind: LINEAR,
    inFeatures: linear.inFeatures,
    outFeatures: linear.outFeatures,
    wrap: () => new LoraLinear(linear),
    parametrize: () => LoraParametrization.register(linear),
  })),
  row(Embedding, (embedding) => ({
    kind: EMBEDDING,
    inFeatures: embedding.numEmbeddings,
    outFeatures: embedding.embeddingDim,
    wrap: () => new LoraEmbedding(embedding),
    parametrize: undefined,
  })),
];

/** How a module is adapted; undefined for one that cannot be adapted. */
export function adaptable(module: Module): Adaptable | undefined {
  for (const describe of ADAPTABLE) {
    const found = describe(module);
    if (found) return found;
  }
  return undefined;
}
