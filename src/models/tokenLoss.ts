/** What a language model is trained with. */
import type { PackedBatch } from '../data/packedRows.js';
import { Linear } from '../nn/linear.js';
import { linearCrossEntropy } from '../ops/linearCrossEntropy.js';
import type { Tensor } from '../tensor.js';
import type { LlamaForCausalLM } from './llama.js';

/**
 * The cross-entropy of the labelled tokens, for `fit(model, rows, { loss: tokenLoss })`: their sum times the batch's `scale`, which
 * makes it the mean over the trained tokens of an optimizer's step.
 * @throws TypeError for a model whose head is adapted: that meets all rows, which this loss never does
 */
export function tokenLoss(model: LlamaForCausalLM, batch: PackedBatch): Tensor {
  const { lm_head: head } = model;
  if (!(head instanceof Linear)) throw new TypeError('tokenLoss: lm_head must not be adapted');
  const { ids, labelRows: rows, targets, scale } = batch;
  return linearCrossEntropy(model.hiddenStates(ids, batch), head.weight, { rows, targets, scale });
}
