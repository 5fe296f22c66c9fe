import { describe, expect, it } from 'vitest';
import { tokenizerFromGguf } from '../../src/text/fromGguf.js';
import { GENERAL_EXAMPLES } from '../../src/text/generalExamples.js';
import { tokenizeExamples } from '../../src/text/tokenizeExamples.js';
import { byteLevel } from './fixtures.js';
import { metadataOf } from './support.js';

const messages = GENERAL_EXAMPLES.map(({ content }) => (content.kind === 'messages' ? content.messages : []));

describe('the general examples', () => {
  it('are forty questions, each once, with an answer', () => {
    expect(GENERAL_EXAMPLES.map(({ line }) => line)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    expect(messages.every((turns) => turns.map(({ role }) => role).join() === 'user,assistant')).toBe(true);
    expect(new Set(messages.map(([question]) => question.content)).size).toBe(40);
    const texts = messages.flat().map(({ content }) => content);
    expect(texts.filter((text) => text === '' || text !== text.trim())).toEqual([]);
    // They are short enough to measure all of them in a moment.
    expect(texts.filter((text) => text.length > 110)).toEqual([]);
  });

  it('state correct sums', () => {
    const answers = new Map(messages.map(([question, answer]) => [question.content, answer.content]));
    for (const [question, answer] of answers) {
      const [, a, operation, b] = /^What is (\d+) (plus|times) (\d+)\?$/.exec(question) ?? [];
      if (operation === undefined) continue;
      const result = operation === 'plus' ? Number(a) + Number(b) : Number(a) * Number(b);
      expect(answer).toBe(`${a} ${operation} ${b} is ${result}.`);
    }
    expect(answers.get('How many minutes are there in two hours?')).toContain(`${2 * 60}`);
  });

  it('are read by every tokenizer with a chat template', () => {
    const template =
      "{% for m in messages %}{{ m['role'] + ':\n' + m['content'] }}<|im_end|>{% endfor %}{% if add_generation_prompt %}assistant:\n{% endif %}";
    for (const [pre, { json }] of Object.entries(byteLevel().pre)) {
      const metadata = metadataOf(json, pre).set('tokenizer.chat_template', template);
      const tokenizer = tokenizerFromGguf(metadata, pre);
      expect(tokenizeExamples(tokenizer, GENERAL_EXAMPLES).examples).toHaveLength(40);
    }
  });
});
