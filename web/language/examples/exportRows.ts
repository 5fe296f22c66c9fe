/** Writes rows as a file that this page and most training programs for chat models read. */
import type { Row } from '../api.js';
import { canBeTaught } from './rows.js';

/**
 * JSON lines of `messages`, or of `text` if no row has a prompt, since such rows are texts and not conversations. Rows without
 * an answer are left out: there is nothing to learn from them, and readers refuse them.
 * @param system  system prompt of each conversation, if any
 */
export function rowsToJsonl(rows: readonly Row[], system?: string): string {
  const taught = rows.filter(canBeTaught);
  const areTexts = taught.every(({ prompt }) => prompt.trim() === '');
  const first = system === undefined || system.trim() === '' ? [] : [{ role: 'system', content: system }];
  return taught
    .map(({ prompt, answer }) =>
      areTexts
        ? { text: answer }
        : {
            messages: [...first, { role: 'user', content: prompt }, { role: 'assistant', content: answer }],
          },
    )
    .map((line) => `${JSON.stringify(line)}\n`)
    .join('');
}
