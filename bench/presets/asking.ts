/** Asks a model the checks of a preset, and counts the right answers. */
import {
  type ChatMessage,
  generate,
  type LlamaForCausalLM,
  TextCache,
  type Tokenizer,
} from '../../src/text.js';
import { type Check, isRightOrder, type Preset, passes } from '../../web/language/presets/index.js';

export interface Asked {
  readonly check: Check;
  readonly answer: string;
  readonly isRight: boolean;
}

/** The longest order has 56 tokens. */
const MOST_TOKENS = 72;

/** The most likely answer to each check. */
export async function ask(
  model: LlamaForCausalLM,
  tokenizer: Tokenizer,
  { checks, system }: Preset,
): Promise<readonly Asked[]> {
  const cache = new TextCache(model);
  const asked: Asked[] = [];
  try {
    for (const check of checks) {
      const messages = conversation(system, check.prompt);
      const { text } = await generate(model, tokenizer, messages, { maxTokens: MOST_TOKENS, cache }).result();
      asked.push({ check, answer: text, isRight: passes(check, text) });
    }
  } finally {
    cache.dispose();
  }
  return asked;
}

export function conversation(system: string | undefined, prompt: string, answer?: string): ChatMessage[] {
  return [
    ...(system === undefined ? [] : [{ role: 'system', content: system } as const]),
    { role: 'user', content: prompt },
    ...(answer === undefined ? [] : [{ role: 'assistant', content: answer } as const]),
  ];
}

/** Score of one kind of check, such as "24/24"; empty where a preset has none. */
export function score(asked: readonly Asked[], kind: Check['kind']): string {
  const these = asked.filter(({ check }) => check.kind === kind);
  if (these.length === 0) return '';
  return `${these.filter(({ isRight }) => isRight).length}/${these.length}`;
}

/** Score of orders that are not only valid but correct. */
export function rightOrders(asked: readonly Asked[]): string {
  const orders = asked.filter(({ check }) => check.kind === 'order');
  if (orders.length === 0) return '';
  const right = orders.filter(
    ({ check, answer }) => check.kind === 'order' && isRightOrder(check.order, answer),
  );
  return `${right.length}/${orders.length}`;
}
