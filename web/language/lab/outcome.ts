/** What a lesson came to. */
import { evaluateLanguageModel, type LlamaForCausalLM, tokenizeText } from 'lowrank/text';
import { GENERAL_TEXT } from '../generalText.js';
import type { OpenedModel } from './opened.js';

const bases = new WeakMap<OpenedModel, number>();

/** How well a model predicts plain prose that nobody has taught it here: nats a token. */
export async function generalLoss(opened: OpenedModel, model: LlamaForCausalLM): Promise<number> {
  const { tokenizer } = opened;
  const examples = GENERAL_TEXT.map((text) => tokenizeText(tokenizer, text)).filter(
    ({ ids }) => ids.length <= model.config.contextLength,
  );
  if (examples.length === 0) return Number.NaN;
  return (await evaluateLanguageModel(model, tokenizer, examples)).loss;
}

/** The same of the base, which is measured once. */
export async function generalLossOfBase(opened: OpenedModel): Promise<number> {
  const known = bases.get(opened) ?? (await generalLoss(opened, opened.base));
  bases.set(opened, known);
  return known;
}

/** Whether a measurement found a loss that is not finite. */
export function isNotFinite(error: unknown): boolean {
  return error instanceof Error && /must be finite|no finite number/.test(error.message);
}
