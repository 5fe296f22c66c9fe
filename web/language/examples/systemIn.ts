import type { SeenToken } from '../api.js';

const ROLE = 'system\n';

/** What stands as the system prompt in an example as the model sees it, in the form of ChatML. Undefined where nothing does. */
export function systemIn(tokens: readonly SeenToken[]): string | undefined {
  let text = '';
  for (const token of tokens) {
    if (!token.isSpecial) text += token.text;
    else if (text.startsWith(ROLE)) return text.slice(ROLE.length).trim() || undefined;
    else text = '';
  }
  return undefined;
}
