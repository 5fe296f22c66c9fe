/** What a language model is trained with. */
import type { PackedBatch } from '../data/packedRows.js';
import { Linear } from '../nn/linear.js';
import { linearCrossEntropy } from '../ops/linearCrossEntropy.js';
import type { Tensor } from '../tensor.js';
import type { LlamaForCausalLM } from './llama.js';

/**
 * The cross-entropy of the labelled tokens, for `fit(model, rows, { loss: tokenLoss })`: their sum times the batch's `scale`, which
 * makes it the mean over the trained tokens of an optimizer's step.
 * @throws TypeError for a model whose head is adapted: that meets all rows, which this loss never does; RangeError for rows that
 *   were packed for another sliding window than the model's, or that are longer than its context
 */
export function tokenLoss(model: LlamaForCausalLM, batch: PackedBatch): Tensor {
  const { lm_head: head } = model;
  if (!(head instanceof Linear)) throw new TypeError('tokenLoss: lm_head must not be adapted');
  const { slidingWindow, contextLength } = model.config;
  if (batch.window !== slidingWindow)
    throw new RangeError(
      `tokenLoss: the rows must be packed with window ${slidingWindow}, which is the model's: got ${batch.window}`,
    );
  if (batch.length > contextLength)
    throw new RangeError(
      `tokenLoss: an example has ${batch.length} tokens, and the model's context ${contextLength}: give PackedRows a maxLength`,
    );
  const { ids, labelRows: rows, targets, scale } = batch;
  return linearCrossEntropy(model.hiddenStates(ids, batch), head.weight, { rows, targets, scale });
}
