import type { SeenToken } from '../api.js';

const ROLE = 'system\n';

/** Finds the system prompt in an example as the model sees it, in ChatML; undefined if there is none. */
export function systemIn(tokens: readonly SeenToken[]): string | undefined {
  let text = '';
  for (const token of tokens) {
    if (!token.isSpecial) text += token.text;
    else if (text.startsWith(ROLE)) return text.slice(ROLE.length).trim() || undefined;
    else text = '';
  }
  return undefined;
}
