/** What the commands say of the system message. */
import { printable } from '../../base/printable.js';
import type { TemplateSystem } from '../../text/systemMessage.js';

/** Characters of a system message that are shown. */
const SHOWN = 300;

/**
 * Which system message is in force, and where it is from: one line, or two.
 * @param given  undefined where none is
 */
export function systemLines(given: string | undefined, { own, takes }: TemplateSystem): string[] {
  if (given !== undefined) return ['system message:', `  ${printable(given, SHOWN)}`];
  if (own !== undefined)
    return ["system message, added by the model's chat template:", `  ${printable(own, SHOWN)}`];
  return [`system message: none${takes ? '' : "; the model's chat template takes none"}`];
}
