/** What a lesson came to. */
import {
  evaluateLanguageModel,
  GENERAL_EXAMPLES,
  type LlamaForCausalLM,
  type ReadExample,
  type TokenExample,
  type Tokenizer,
  tokenizeExamples,
} from 'lowrank/text';
import type { OpenedModel } from './opened.js';

/** Characters of the general text: enough to tell, and soon measured. */
const GENERAL_CHARACTERS = 2048;

const bases = new WeakMap<OpenedModel, number>();

/** How well a model says a few general things, which nobody has taught it here: nats a token. */
export async function generalLoss(opened: OpenedModel, model: LlamaForCausalLM): Promise<number> {
  const examples = generalExamples(opened.tokenizer, model.config.contextLength);
  if (examples.length === 0) return Number.NaN;
  return (await evaluateLanguageModel(model, opened.tokenizer, examples)).loss;
}

/** The same of the base, which is measured once. */
export async function generalLossOfBase(opened: OpenedModel): Promise<number> {
  const known = bases.get(opened) ?? (await generalLoss(opened, opened.base));
  bases.set(opened, known);
  return known;
}

function generalExamples(tokenizer: Tokenizer, contextLength: number): readonly TokenExample[] {
  // They are sorted by kinds: every second one has all of them.
  const chosen: ReadExample[] = [];
  let characters = 0;
  for (const example of GENERAL_EXAMPLES.filter((_, i) => i % 2 === 0)) {
    const { content } = example;
    if (content.kind !== 'messages') continue;
    const [{ content: prompt }, { content: answer }] = content.messages;
    characters += prompt.length + answer.length;
    if (characters > GENERAL_CHARACTERS) break;
    // A model without a chat template goes on with a text.
    const plain = { kind: 'completion', prompt, completion: ` ${answer}` } as const;
    chosen.push({ ...example, content: tokenizer.chatTemplate === undefined ? plain : content });
  }
  const { examples } = tokenizeExamples(tokenizer, chosen, { skipBad: true });
  return examples.filter(({ ids }) => ids.length <= contextLength);
}

/** Whether a measurement found a loss that is not finite. */
export function isNotFinite(error: unknown): boolean {
  return error instanceof Error && /must be finite|no finite number/.test(error.message);
}
