/** The training loss of language models. */
import type { PackedBatch } from '../data/packedRows.js';
import { Linear } from '../nn/linear.js';
import { linearCrossEntropy } from '../ops/linearCrossEntropy.js';
import type { Tensor } from '../tensor.js';
import type { LlamaForCausalLM } from './llama.js';

/**
 * The cross-entropy of the labelled tokens, for `fit(model, rows, { loss: tokenLoss })`: their sum times the batch's `scale`, which
 * makes it the mean over the trained tokens of an optimizer's step.
 * @throws TypeError for a model whose head is adapted: it requires all rows, which this loss never computes; RangeError for rows that
 *   were packed for another sliding window than the model's, or that are longer than its context
 */
export function tokenLoss(model: LlamaForCausalLM, batch: PackedBatch): Tensor {
  const { lm_head: head } = model;
  if (!(head instanceof Linear)) throw new TypeError('tokenLoss: lm_head must not be adapted');
  const { slidingWindow, contextLength } = model.config;
  if (batch.window !== slidingWindow)
    throw new RangeError(
      `tokenLoss: the rows must be packed with the model's window, ${slidingWindow}: got ${batch.window}`,
    );
  if (batch.length > contextLength)
    throw new RangeError(
      `tokenLoss: an example has ${batch.length} tokens, and the model's context ${contextLength}: give PackedRows a maxLength`,
    );
  const { targets, scale } = batch;
  const [hidden, rows] = labelledStates(model, batch);
  return linearCrossEntropy(hidden, head.weight, { rows, targets, scale });
}

/**
 * Hidden states from which the labels of a batch are predicted. For rows without a label the last block computes only keys and
 * values, unless there are as many labels as tokens.
 * @returns  the states, and the row of each label among them, i32 [labels]
 */
export function labelledStates(
  model: LlamaForCausalLM,
  batch: PackedBatch,
): readonly [hidden: Tensor, rows: Tensor] {
  const { ids, labelRows, labelled: requested, labelOrder } = batch;
  if (labelRows.length >= ids.length) return [model.hiddenStates(ids, batch), labelRows];
  return [model.hiddenStates(ids, { ...batch, requested }), labelOrder];
}
