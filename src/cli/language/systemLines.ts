/** What is said of the system message before a conversation. */
import { printable } from '../../base/printable.js';
import { defaultSystemMessage, takesSystemMessage } from '../../text/systemMessage.js';
import type { Tokenizer } from '../../text/tokenizer.js';

/** Characters of a system message that are shown. */
const SHOWN = 300;

/**
 * Which system message is in force, and where it is from: one line, or two.
 * @param given  undefined where none is
 */
export function systemLines(tokenizer: Tokenizer, given: string | undefined): string[] {
  if (given !== undefined) return ['system message:', `  ${printable(given, SHOWN)}`];
  const own = defaultSystemMessage(tokenizer);
  if (own !== undefined)
    return ["system message, added by the model's chat template:", `  ${printable(own, SHOWN)}`];
  const takes = takesSystemMessage(tokenizer);
  return [`system message: none${takes ? '' : "; the model's chat template takes none"}`];
}
