import type { Module } from '../nn/module.js';
import type { Parameter } from '../tensor.js';
import { AdaptedLayer } from './adaptedLayer.js';
import { LoraFactors } from './factors.js';

/** Parameters with their own learning rate, for an optimizer. */
export interface LoraPlusGroup {
  readonly parameters: readonly Parameter[];
  readonly learningRate: number;
}

/**
 * Parameter groups for LoRA+: B, and every parameter of one dimension such as a bias, has `ratio` times the learning rate of
 * everything else that trains; the factors of an Embedding have their own rate. The grouping is PEFT's.
 * @param learningRate           learning rate of A and the rest
 * @param ratio                  learning rate of B relative to that of A; default 16, as the paper suggests
 * @param embeddingLearningRate  learning rate of both factors of an Embedding; default 1e-6, as in PEFT
 * @throws RangeError for a ratio that is not above 0, a learning rate below 0, or a model without an adapter that trains
 * @see https://arxiv.org/abs/2402.12354
 */
export function loraPlusGroups(
  model: Module,
  learningRate: number,
  ratio = 16,
  embeddingLearningRate = 1e-6,
): LoraPlusGroup[] {
  if (!(ratio > 0 && Number.isFinite(ratio)))
    throw new RangeError(`loraPlusGroups: ratio must be above 0: ${ratio}`);
  for (const [name, rate] of Object.entries({ learningRate, embeddingLearningRate })) {
    if (!(rate >= 0 && Number.isFinite(rate)))
      throw new RangeError(`loraPlusGroups: ${name} must be at least 0: ${rate}`);
  }
  const factors = [...model.namedModules()].filter(([, module]) => module instanceof LoraFactors);
  if (!factors.some(([, module]) => module.parameters().some(({ requiresGrad }) => requiresGrad))) {
    throw new RangeError(
      'loraPlusGroups: the model has no adapter that trains: call applyLora or setActiveAdapters first',
    );
  }
  const embeddings = [...model.namedModules()].filter(
    ([, module]) => module instanceof AdaptedLayer && module.kind.takesIndices,
  );
  const ofEmbeddings = new Set(
    embeddings.flatMap(([, module]) => [...module.parameters()].filter(({ shape }) => shape.length > 1)),
  );
  const rateOf = (name: string, parameter: Parameter) => {
    if (ofEmbeddings.has(parameter)) return embeddingLearningRate;
    const isFast = /(^|\.)loraB$/.test(name) || parameter.shape.length === 1;
    return isFast ? ratio * learningRate : learningRate;
  };
  const groups = new Map<number, Parameter[]>([learningRate, ratio * learningRate].map((rate) => [rate, []]));
  for (const [name, parameter] of model.namedParameters()) {
    if (!parameter.requiresGrad) continue;
    const rate = rateOf(name, parameter);
    groups.set(rate, [...(groups.get(rate) ?? []), parameter]);
  }
  return Array.from(groups, ([rate, parameters]) => ({ parameters, learningRate: rate })).filter(
    ({ parameters }) => parameters.length > 0,
  );
}
