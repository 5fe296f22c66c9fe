/** Measurements of what a lesson changed. */
import { evaluateLanguageModel, type LlamaForCausalLM, type TokenExample, tokenizeText } from 'lowrank/text';
import { GENERAL_TEXT } from '../generalText.js';
import type { OpenedModel } from './opened.js';

/** The label of a token that is not counted. */
const UNTRAINED = -1;

const bases = new WeakMap<OpenedModel, number>();

/** The loss of a model on plain prose that it was not taught here, in nats per token. */
export async function generalLoss(
  opened: OpenedModel,
  model: LlamaForCausalLM,
  signal: AbortSignal,
): Promise<number> {
  const { tokenizer } = opened;
  const examples = GENERAL_TEXT.flatMap((text) =>
    cut(tokenizeText(tokenizer, text), model.config.contextLength),
  );
  return (await evaluateLanguageModel(model, tokenizer, examples, { signal })).loss;
}

/** Cuts an example into pieces of at most `length` tokens; the first token of each has no context and is not counted. */
function cut({ ids, labels }: TokenExample, length: number): TokenExample[] {
  return Array.from({ length: Math.ceil(ids.length / length) }, (_, i) => {
    const piece = labels.slice(i * length, (i + 1) * length);
    piece[0] = UNTRAINED;
    return { ids: ids.slice(i * length, (i + 1) * length), labels: piece };
  }).filter((each) => each.ids.length > 1);
}

/** The same loss of the base, which is measured only once. */
export async function generalLossOfBase(opened: OpenedModel, signal: AbortSignal): Promise<number> {
  const known = bases.get(opened) ?? (await generalLoss(opened, opened.base, signal));
  bases.set(opened, known);
  return known;
}
