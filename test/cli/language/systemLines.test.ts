/** What is said of the system message. */
import { expect, it } from 'vitest';
import { systemLines } from '../../../src/cli/language/systemLines.js';

it('says which system message is in force, and where it is from, harmless for a terminal', () => {
  const none = { takes: true, own: undefined };
  expect(systemLines('be\nkind', { takes: true, own: 'Be brief.' })).toEqual([
    'system message:',
    '  be\\u000akind',
  ]);
  expect(systemLines(undefined, { takes: true, own: 'Be\u001bbrief.' })).toEqual([
    "system message, added by the model's chat template:",
    '  Be\\u001bbrief.',
  ]);
  expect(systemLines(undefined, none)).toEqual(['system message: none']);
  expect(systemLines(undefined, { ...none, takes: false })).toEqual([
    "system message: none; the model's chat template takes none",
  ]);
  expect(systemLines('x'.repeat(400), none)[1]).toBe(`  ${'x'.repeat(300)}… (100 more characters)`);
});
