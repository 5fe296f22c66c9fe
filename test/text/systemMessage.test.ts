/** Default system messages. Oracle: templates of models, and short ones. */
import { describe, expect, it } from 'vitest';
import { tokenizerFromGguf } from '../../src/text/fromGguf.js';
import { acceptsSystemMessage, defaultSystemMessage } from '../../src/text/systemMessage.js';
import { byteLevel, chat } from './fixtures.js';
import { metadataOf } from './support.js';

function tokenizerOf(template: string | undefined) {
  const metadata = metadataOf(byteLevel().pre.smollm.json, 'smollm');
  if (template !== undefined) metadata.set('tokenizer.chat_template', template);
  return tokenizerFromGguf(metadata, 'f');
}

const defaultOf = (template?: string) => defaultSystemMessage(tokenizerOf(template));

describe('the default system message', () => {
  it('is the one that the template writes where none is given', () => {
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
      'of a template that puts it into the message of the user',
      "{% if messages[0].role == 'system' %}[{{ messages[0].content }} {{ messages[1].content }}]{% else %}[{{ messages[0].content }}]{% endif %}",
    ],
  ])('is none %s', (_, template) => {
    expect(defaultOf(template)).toBeUndefined();
  });
});

describe('a given system message', () => {
  const taken = (template?: string) => acceptsSystemMessage(tokenizerOf(template));

  it('is accepted, refused or left out', () => {
    expect(taken(chat().templates.SmolLM2)).toBe(true);
    expect(taken('{% for m in messages %}{{ m.content }}{% endfor %}')).toBe(true);
    expect(taken("{% for m in messages %}{{ m.content if m.role == 'user' }}{% endfor %}")).toBe(false);
    expect(taken("{% if messages[0].role == 'system' %}{{ raise_exception('no') }}{% endif %}")).toBe(false);
    expect(taken()).toBe(false);
  });
});
