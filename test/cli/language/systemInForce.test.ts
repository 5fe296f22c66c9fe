/** What is said of the system message. */
import { describe, expect, it } from 'vitest';
import { systemInForce, systemWords } from '../../../src/cli/language/systemInForce.js';
import { tokenizerFromGguf } from '../../../src/text/fromGguf.js';
import { byteLevel, chat } from '../../text/fixtures.js';
import { metadataOf } from '../../text/support.js';

const EACH = '{% for m in messages %}{{ m.content }}{% endfor %}';
const { SmolLM2 } = chat().templates;

function tokenizerOf(template?: string) {
  const metadata = metadataOf(byteLevel().pre.smollm.json, 'smollm');
  if (template !== undefined) metadata.set('tokenizer.chat_template', template);
  return tokenizerFromGguf(metadata, 'f');
}

describe('the system message in force', () => {
  it('is quoted, harmless for a terminal, with where it is from', () => {
    expect(systemWords(tokenizerOf(SmolLM2), 'be\nkind')).toBe('"be\\u000akind" (--system)');
    expect(systemWords(tokenizerOf(EACH), 'a', 'of the conversation')).toBe('"a" (of the conversation)');
    expect(systemWords(tokenizerOf(SmolLM2), undefined)).toBe(
      '"You are a helpful AI assistant named SmolLM, trained by Hugging Face" (from the chat template)',
    );
    expect(systemWords(tokenizerOf(EACH), 'x'.repeat(400))).toBe(
      `"${'x'.repeat(300)}… (100 more characters)" (--system)`,
    );
  });

  it('is none where the template writes none, or accepts none', () => {
    expect(systemWords(tokenizerOf(EACH), undefined)).toBe('none');
    const users = "{% for m in messages %}{{ m.content if m.role == 'user' }}{% endfor %}";
    expect(systemWords(tokenizerOf(users), undefined)).toBe('none (the chat template takes none)');
  });

  it('is that of examples which have none of their own', () => {
    const user = { role: 'user', content: 'a' };
    const answer = { role: 'assistant', content: 'b' };
    const example = (...messages: { role: string; content: string }[]) => {
      return { line: 1, content: { kind: 'messages' as const, messages: [...messages, user, answer] } };
    };
    const [without, own] = [example(), example({ role: 'system', content: 'c' })];
    const text = { line: 1, content: { kind: 'text' as const, text: 'a' } };
    const said = (examples: Parameters<typeof systemInForce>[1], template?: string) =>
      systemInForce(tokenizerOf(template), examples, undefined);
    expect(said([without, text], EACH)).toBe('none');
    expect(said([without, own], EACH)).toBe('none; 1 of 2 examples have their own');
    expect(said([own], EACH)).toBe('all examples have their own');
    expect(said([text], EACH)).toBeUndefined();
    expect(said([without])).toBeUndefined();
  });
});
