/** Which system message conversations begin with, in words. */
import { printable } from '../../base/printable.js';
import type { ReadExample } from '../../text/readExamples.js';
import { acceptsSystemMessage, defaultSystemMessage } from '../../text/systemMessage.js';
import type { Tokenizer } from '../../text/tokenizer.js';
import { integer } from '../format.js';

/** Characters of the message. */
const MAX_SHOWN = 300;

/**
 * @param given  with `--system`: for conversations that have none of their own
 * @returns      undefined where no example is a conversation
 */
export function systemInForce(
  tokenizer: Tokenizer,
  examples: readonly ReadExample[],
  given: string | undefined,
): string | undefined {
  if (tokenizer.chatTemplate === undefined) return undefined;
  const conversations = examples.filter(({ content }) => content.kind !== 'text');
  const all = conversations.length;
  if (all === 0) return undefined;
  const own = conversations.filter(hasOwn).length;
  if (own === all) return 'all examples have their own';
  const others = own === 0 ? '' : `; ${integer(own)} of ${integer(all)} examples have their own`;
  return systemWords(tokenizer, given) + others;
}

/**
 * The system message of a conversation that has none of its own, and where it is from.
 * @param by  who gave it
 */
export function systemWords(tokenizer: Tokenizer, given: string | undefined, by = '--system'): string {
  const quoted = (text: string) => `"${printable(text, MAX_SHOWN)}"`;
  if (given !== undefined) return `${quoted(given)} (${by})`;
  const own = defaultSystemMessage(tokenizer);
  if (own !== undefined) return `${quoted(own)} (from the chat template)`;
  return acceptsSystemMessage(tokenizer) ? 'none' : 'none (the chat template takes none)';
}

function hasOwn({ content }: ReadExample): boolean {
  return content.kind === 'messages' && ['system', 'developer'].includes(content.messages[0]?.role);
}
