/** The current weights of a model, by the names of its files: base weights plus active adapters, one at a time. */
import { findAdaptation } from '../lora/adaptation.js';
import type { AdaptedLayer } from '../lora/adaptedLayer.js';
import { baseParameter } from '../lora/baseParameter.js';
import { mergedValues } from '../lora/merge.js';
import type { Parameter } from '../tensor.js';
import type { LlamaForCausalLM } from './llama.js';
import type { LlamaConfig } from './llamaConfig.js';
import { llamaWeights, type WeightPlan } from './llamaWeights.js';

export interface MergedWeight extends WeightPlan {
  readonly name: string;
  /** Reads the values in f32, row-major. @throws RangeError for a bias of B where the layer has no bias to add it to */
  read(): Promise<Float32Array>;
}

export interface MergedWeights {
  /** Config of the merged model: a head that an adapter has changed is no longer tied to the embedding. */
  readonly config: LlamaConfig;
  readonly weights: readonly MergedWeight[];
}

/** The place of a tensor, with the adapted layer whose updates apply to it. */
interface Place {
  readonly parameter: Parameter;
  /** The layer, where its updates are active. */
  readonly layer: AdaptedLayer | undefined;
}

const [EMBEDDING, HEAD] = ['model.embed_tokens.weight', 'lm_head.weight'];

/** The merged weights of a model; values are read later. */
export function mergedWeights(model: LlamaForCausalLM): MergedWeights {
  const places = placesIn(model);
  const isApart = isChanged(places(HEAD), places(EMBEDDING));
  const config = { ...model.config, tied: model.config.tied && !isApart };
  const weights = Array.from(llamaWeights(config), ([name, plan]) => {
    const place = places(name);
    return { name, ...plan, read: () => valuesOf(place) };
  });
  return { config, weights };
}

/** A function that finds the tensor of a name from `llamaWeights` in a model. */
export function placesIn(model: LlamaForCausalLM): (name: string) => Place {
  const layers = findAdaptation(model)?.layers;
  const modules = new Map(model.namedModules());
  return (name) => {
    const [path, field] = [name.replace(/\.[^.]*$/, ''), name.endsWith('.bias') ? 'bias' : 'weight'];
    const layer = layers?.get(path);
    const isActive = layer?.enabled && !layer.isMerged && layer.active.length > 0;
    const parameter = field === 'weight' ? layer?.baseWeight : layer?.baseBias;
    if (parameter) return { parameter, layer: isActive ? layer : undefined };
    const module = modules.get(path);
    if (!module) throw new Error(`exportMerged: no module is named ${path}`);
    return { parameter: baseParameter(module, field), layer: undefined };
  };
}

function isChanged(head: Place, embedding: Place): boolean {
  return head.parameter !== embedding.parameter || head.layer !== undefined || embedding.layer !== undefined;
}

async function valuesOf({ parameter, layer }: Place): Promise<Float32Array> {
  const merged = layer ? mergedValues(layer) : new Map();
  try {
    const values = await (merged.get(parameter) ?? parameter).read();
    return values instanceof Float32Array ? values : Float32Array.from(values);
  } finally {
    for (const value of merged.values()) value.dispose();
  }
}
