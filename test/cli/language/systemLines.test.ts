/** What is said of the system message. */
import { expect, it } from 'vitest';
import { systemLines } from '../../../src/cli/language/systemLines.js';
import { tokenizerFromGguf } from '../../../src/text/fromGguf.js';
import { byteLevel, chat } from '../../text/fixtures.js';
import { metadataOf } from '../../text/support.js';

const EACH = '{% for m in messages %}{{ m.content }}{% endfor %}';

function lines(template: string, given?: string): string[] {
  const metadata = metadataOf(byteLevel().pre.smollm.json, 'smollm');
  return systemLines(tokenizerFromGguf(metadata.set('tokenizer.chat_template', template), 'f'), given);
}

it('says which system message is in force, and where it is from, harmless for a terminal', () => {
  const { SmolLM2 } = chat().templates;
  expect(lines(SmolLM2, 'be\nkind')).toEqual(['system message:', '  be\\u000akind']);
  expect(lines(SmolLM2)).toEqual([
    "system message, added by the model's chat template:",
    '  You are a helpful AI assistant named SmolLM, trained by Hugging Face',
  ]);
  expect(lines(EACH)).toEqual(['system message: none']);
  expect(lines("{% for m in messages %}{{ m.content if m.role == 'user' }}{% endfor %}")).toEqual([
    "system message: none; the model's chat template takes none",
  ]);
  expect(lines(EACH, 'x'.repeat(400))[1]).toBe(`  ${'x'.repeat(300)}… (100 more characters)`);
});
