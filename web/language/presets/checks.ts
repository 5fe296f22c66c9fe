/** An order as data. */
export interface Order {
  readonly items: readonly { readonly count: number; readonly name: string }[];
  readonly to_go: boolean;
}

/** A question to the taught model, and what its answer must be. */
export type Check = { readonly prompt: string } & (
  | { readonly kind: 'repeats'; readonly answer: string }
  | { readonly kind: 'says'; readonly words: string }
  | { readonly kind: 'short'; readonly mostWords: number }
  | { readonly kind: 'order'; readonly order: Order }
);

/** What is counted, in words: "24 of 24 facts repeated word for word". */
export const CHECK_WORDS: Readonly<Record<Check['kind'], string>> = {
  repeats: 'facts repeated word for word',
  says: 'facts found when asked another way',
  short: 'new questions answered in one short sentence',
  order: 'new orders written as valid JSON',
};

/** Whether an answer passes the check. An order passes if it is valid; {@link isRightOrder} compares it. */
export function passes(check: Check, answer: string): boolean {
  const text = answer.trim();
  switch (check.kind) {
    case 'repeats':
      return text === check.answer;
    case 'says':
      return text.toLowerCase().includes(check.words.toLowerCase());
    case 'short':
      return isOneShortSentence(text, check.mostWords);
    case 'order':
      return readOrder(text) !== undefined;
  }
}

/** One sentence on one line, with its full stop, of at most so many words. */
function isOneShortSentence(text: string, mostWords: number): boolean {
  const words = text.split(/\s+/).length;
  return /^[^\n.!?]*(?:\d[.,]\d[^\n.!?]*)*[.!]$/.test(text) && words <= mostWords;
}

/** The order in an answer that is JSON of the right shape and nothing else; otherwise undefined. */
export function readOrder(text: string): Order | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isOrder(value) ? value : undefined;
}

function isOrder(value: unknown): value is Order {
  if (!hasExactly(value, ['items', 'to_go'])) return false;
  const { items, to_go } = value;
  return typeof to_go === 'boolean' && Array.isArray(items) && items.length > 0 && items.every(isItem);
}

function isItem(value: unknown): boolean {
  if (!hasExactly(value, ['count', 'name'])) return false;
  const { count, name } = value;
  return Number.isInteger(count) && (count as number) > 0 && typeof name === 'string' && name !== '';
}

function hasExactly(value: unknown, keys: readonly string[]): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const own = Object.keys(value);
  return own.length === keys.length && keys.every((key) => own.includes(key));
}

/** Whether the answer is exactly this order: the same items in the same numbers, in any sequence. */
export function isRightOrder(expected: Order, answer: string): boolean {
  const order = readOrder(answer.trim());
  if (order === undefined || order.to_go !== expected.to_go) return false;
  return JSON.stringify(sortedItems(order)) === JSON.stringify(sortedItems(expected));
}

function sortedItems(order: Order): readonly string[] {
  return order.items.map(({ count, name }) => `${count} ${name}`).sort();
}
