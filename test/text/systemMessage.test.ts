/** What templates do with system messages; transformers' own templates, and small ones by hand. */
import { describe, expect, it } from 'vitest';
import { tokenizerFromGguf } from '../../src/text/fromGguf.js';
import { templateSystem } from '../../src/text/systemMessage.js';
import { byteLevel, chat } from './fixtures.js';
import { metadataOf } from './support.js';

const { templates } = chat();
const EACH = '{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}';

function found(chatTemplate: string | undefined) {
  const metadata = metadataOf(byteLevel().pre.smollm.json, 'smollm');
  if (chatTemplate !== undefined) metadata.set('tokenizer.chat_template', chatTemplate);
  return templateSystem(tokenizerFromGguf(metadata, 't'));
}

describe('the system message of a template', () => {
  it('is the one that it adds by itself', () => {
    expect(found(templates.SmolLM2)).toEqual({
      takes: true,
      own: 'You are a helpful AI assistant named SmolLM, trained by Hugging Face',
    });
    expect(found(`{% if messages[0].role != 'system' %}[system] Be\nbrief.\n{% endif %}${EACH}`)).toEqual({
      takes: true,
      own: 'Be\nbrief.',
    });
  });

  it('is none where it adds none', () => {
    expect(found(EACH)).toEqual({ takes: true, own: undefined });
    expect(found(`Today is Monday.\n${EACH}`)).toEqual({ takes: true, own: undefined });
    expect(found(`{% if messages[0].role != 'system' %}[system] \n{% endif %}${EACH}`).own).toBeUndefined();
  });

  it('cannot be given where it is refused or left out', () => {
    const none = { takes: false, own: undefined };
    const refusing = `{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}${EACH}`;
    expect(found(refusing)).toEqual(none);
    const silent = "{% for m in messages %}{% if m.role == 'user' %}{{ m.content }}{% endif %}{% endfor %}";
    expect(found(silent)).toEqual(none);
  });

  it('is not asked for without a template', () => {
    expect(() => found(undefined)).toThrow('t: has no chat template');
  });
});
