/** Which system message conversations begin with, in words. */
import { printable } from '../../base/printable.js';
import type { ReadExample } from '../../text/readExamples.js';
import { defaultSystemMessage } from '../../text/systemMessage.js';
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
  return inForce(tokenizer, given) + others;
}

function inForce(tokenizer: Tokenizer, given: string | undefined): string {
  const quoted = (text: string) => `"${printable(text, MAX_SHOWN)}"`;
  if (given !== undefined) return `${quoted(given)} (--system)`;
  const own = defaultSystemMessage(tokenizer);
  return own === undefined ? 'none' : `${quoted(own)} (from the chat template)`;
}

function hasOwn({ content }: ReadExample): boolean {
  return content.kind === 'messages' && ['system', 'developer'].includes(content.messages[0]?.role);
}
