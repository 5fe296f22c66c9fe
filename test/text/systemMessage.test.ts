/** Default system messages. Oracle: templates of models, and short ones. */
import { describe, expect, it } from 'vitest';
import { tokenizerFromGguf } from '../../src/text/fromGguf.js';
import { defaultSystemMessage } from '../../src/text/systemMessage.js';
import { byteLevel, chat } from './fixtures.js';
import { metadataOf } from './support.js';

function defaultOf(template?: string): string | undefined {
  const metadata = metadataOf(byteLevel().pre.smollm.json, 'smollm');
  if (template !== undefined) metadata.set('tokenizer.chat_template', template);
  return defaultSystemMessage(tokenizerFromGguf(metadata, 'f'));
}

describe('the default system message', () => {
  it('is what the template writes where none is given', () => {
    expect(defaultOf(chat().templates.SmolLM2)).toBe(
      'You are a helpful AI assistant named SmolLM, trained by Hugging Face',
    );
  });

  it.each<[string, string | undefined]>([
    ['without a template', undefined],
    ['of a template without one', "{% for m in messages %}{{ m.role + ': ' + m.content + ';' }}{% endfor %}"],
    [
      'of a template that leaves it out',
      "{% for m in messages %}{{ m.content if m.role == 'user' }}{% endfor %}",
    ],
    [
      'of a template that refuses it',
      "{% for m in messages %}{{ raise_exception('no') if m.role == 'system' }}{{ m.content }}{% endfor %}",
    ],
    [
      'of a template that puts it into what the user says',
      "{% if messages[0].role == 'system' %}[{{ messages[0].content }} {{ messages[1].content }}]{% else %}[{{ messages[0].content }}]{% endif %}",
    ],
  ])('is none %s', (_, template) => {
    expect(defaultOf(template)).toBeUndefined();
  });
});
