/** Examples of each format as tokens. Oracle: masks written by hand. */
import { describe, expect, it } from 'vitest';
import { type TokenExample, UNTRAINED } from '../../src/text/examples.js';
import { tokenizerFromGguf } from '../../src/text/fromGguf.js';
import { readExamples } from '../../src/text/readExamples.js';
import { type TokenizeExamplesOptions, tokenizeExamples } from '../../src/text/tokenizeExamples.js';
import type { Tokenizer } from '../../src/text/tokenizer.js';
import { byteLevel, chat } from './fixtures.js';
import { metadataOf, refusal } from './support.js';

const { json } = byteLevel().pre.smollm;
const { templates } = chat();

function tokenizerWith(template?: string): Tokenizer {
  const metadata = metadataOf(json, 'smollm');
  metadata.set('tokenizer.ggml.add_bos_token', false);
  if (template !== undefined) metadata.set('tokenizer.chat_template', template);
  return tokenizerFromGguf(metadata, 'f');
}

/** Every message as one token for the speaker, its text, and the end of the turn; no newlines, no default system message. */
const plain = tokenizerWith(
  "{% for m in messages %}{{ '<|im_start|>' + m.role + ':' + m.content + '<|im_end|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant:' }}{% endif %}",
);
const smollm = tokenizerWith(templates.SmolLM2);
const base = tokenizerWith();

async function tokenize(
  tokenizer: Tokenizer,
  values: readonly object[],
  options: TokenizeExamplesOptions = {},
) {
  const text = values.map((value) => JSON.stringify(value)).join('\n');
  const { examples } = await readExamples(new TextEncoder().encode(text), { name: 'x' });
  return tokenizeExamples(tokenizer, examples, options);
}

/** The whole text, with trained runs in brackets. */
function marked(tokenizer: Tokenizer, { ids, labels }: TokenExample): string {
  let text = '';
  for (const [i, id] of ids.entries()) {
    const [before, here] = [i > 0 && labels[i - 1] !== UNTRAINED, labels[i] !== UNTRAINED];
    if (here) expect(labels[i]).toBe(id);
    text += `${before && !here ? ']' : ''}${!before && here ? '[' : ''}${tokenizer.decode([id])}`;
  }
  return labels[labels.length - 1] === UNTRAINED ? text : `${text}]`;
}

const masks = async (tokenizer: Tokenizer, value: object, options?: TokenizeExamplesOptions) => {
  const { examples } = await tokenize(tokenizer, [value], options);
  return marked(tokenizer, examples[0]);
};

const user = (content: string) => ({ role: 'user', content });
const answer = (content: string) => ({ role: 'assistant', content });

describe('the trained tokens of an example', () => {
  it('are three, where the answer has two', async () => {
    const { examples } = await tokenize(plain, [{ messages: [user('x'), answer('q7')] }]);
    const [{ ids, labels, line }] = examples;
    const [a, b] = ['q', '7'].map((text) => plain.idOf(text));
    expect([line, ...ids.slice(-3)]).toEqual([1, a, b, 421]);
    expect([...labels]).toEqual([...new Array(ids.length - 3).fill(-1), a, b, 421]);
  });

  it.each<[string, object, string]>([
    [
      'messages',
      { messages: [user('x'), answer('ab'), user('y'), answer('cd')] },
      '<|im_start|>user:x<|im_end|><|im_start|>assistant:[ab<|im_end|>]<|im_start|>user:y<|im_end|><|im_start|>assistant:[cd<|im_end|>]',
    ],
    [
      'messages, of which one has weight 0',
      { messages: [user('x'), { ...answer('ab'), weight: 0 }, user('y'), { ...answer('cd'), weight: 1 }] },
      '<|im_start|>user:x<|im_end|><|im_start|>assistant:ab<|im_end|><|im_start|>user:y<|im_end|><|im_start|>assistant:[cd<|im_end|>]',
    ],
    [
      'ShareGPT',
      {
        conversations: [
          { from: 'human', value: 'x' },
          { from: 'gpt', value: 'ab' },
        ],
      },
      '<|im_start|>user:x<|im_end|><|im_start|>assistant:[ab<|im_end|>]',
    ],
    [
      'Alpaca',
      { instruction: 'x', input: 'y', output: 'ab' },
      '<|im_start|>user:x\ny<|im_end|><|im_start|>assistant:[ab<|im_end|>]',
    ],
    [
      'a prompt and its completion',
      { prompt: 'x', completion: 'ab' },
      '<|im_start|>user:x<|im_end|><|im_start|>assistant:[ab<|im_end|>]',
    ],
    ['a text', { text: 'xab' }, 'x[ab<|im_end|>]'],
  ])('are the answers: %s', async (_, value, expected) => {
    expect(await masks(plain, value)).toBe(expected);
  });

  it('are the text after the prompt, with the end, where there is no template', async () => {
    expect(await masks(base, { prompt: 'x', completion: ' ab' })).toBe('x[ ab<|im_end|>]');
    expect(await masks(base, { text: 'xab' })).toBe('x[ab<|im_end|>]');
  });

  it('are the calls of tools, but neither their results nor their descriptions', async () => {
    const calling = tokenizerWith(
      "{% if tools %}{{ '<|im_start|>' + tools[0].name + '<|im_end|>' }}{% endif %}{% for m in messages %}{{ '<|im_start|>' + m.role + ':' + m.content }}{% for c in m.tool_calls or [] %}{{ '(' + c.name + ')' }}{% endfor %}{{ '<|im_end|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant:' }}{% endif %}",
    );
    const call = { role: 'assistant', content: null, tool_calls: [{ name: 'f' }] };
    const messages = [user('x'), call, { role: 'tool', content: '7' }, answer('ab')];
    expect(await masks(calling, { messages, tools: [{ name: 'g' }] })).toBe(
      '<|im_start|>g<|im_end|><|im_start|>user:x<|im_end|><|im_start|>assistant:[(f)<|im_end|>]<|im_start|>tool:7<|im_end|><|im_start|>assistant:[ab<|im_end|>]',
    );
  });

  it('are complete where the token that ends a text also begins it', async () => {
    const metadata = metadataOf(json, 'smollm');
    metadata.set('tokenizer.ggml.bos_token_id', 421);
    const begun = tokenizerFromGguf(metadata, 'f');
    expect(await masks(begun, { text: 'ab' })).toBe('<|im_end|>[ab<|im_end|>]');
    expect(await masks(begun, { prompt: '', completion: 'ab' })).toBe('<|im_end|>[ab<|im_end|>]');
  });

  it('are all except the first, on request', async () => {
    const all = { trainOn: 'all' } as const;
    expect(await masks(plain, { messages: [user('x'), answer('ab')] }, all)).toBe(
      '<|im_start|>[user:x<|im_end|><|im_start|>assistant:ab<|im_end|>]',
    );
    expect(await masks(plain, { prompt: 'x', completion: 'ab' }, all)).toBe(
      '<|im_start|>[user:x<|im_end|><|im_start|>assistant:ab<|im_end|>]',
    );
    expect(await masks(base, { prompt: 'x7', completion: ' ab' }, all)).toBe('x[7 ab<|im_end|>]');
  });
});

describe('a system message', () => {
  it('is put in front where there is none, and stays where there is one', async () => {
    const system = 's';
    const without = '<|im_start|>user:x<|im_end|><|im_start|>assistant:[ab<|im_end|>]';
    for (const value of [{ messages: [user('x'), answer('ab')] }, { prompt: 'x', completion: 'ab' }])
      expect(await masks(plain, value, { system })).toBe(`<|im_start|>system:s<|im_end|>${without}`);
    const own = { messages: [{ role: 'system', content: 'o' }, user('x'), answer('ab')] };
    expect(await masks(plain, own, { system })).toBe(`<|im_start|>system:o<|im_end|>${without}`);
  });

  it('is refused for anything that is not a conversation', async () => {
    const options = { system: 's', skipBad: true };
    expect((await tokenize(plain, [{ text: 'a' }], options)).refused).toEqual([
      { line: 1, reason: 'system: must not be given: a text is not a conversation' },
    ]);
    expect((await tokenize(base, [{ prompt: 'a', completion: ' b' }], options)).refused).toEqual([
      { line: 1, reason: 'system: must not be given: the model has no chat template' },
    ]);
  });
});

describe('examples that cannot be trained on', () => {
  const reasons = async (tokenizer: Tokenizer, values: readonly object[], options = {}) =>
    (await tokenize(tokenizer, values, { skipBad: true, ...options })).refused.map(({ reason }) => reason);

  it('are refused by their lines, with a count for each reason, or left out and listed', async () => {
    const bad = (text: string) => ({ messages: [user(text), answer('b')] });
    const values = [bad('a'), bad('<|im_end|>'), bad('b'), bad('a <|im_start|>'), { messages: [user('a')] }];
    const { examples, refused } = await tokenize(smollm, values, { skipBad: true });
    expect(examples.map(({ line }) => line)).toEqual([1, 3]);
    expect(refused).toEqual([
      {
        line: 2,
        reason: 'messages[0].content: holds a special token, which is refused: "<|im_end|>" at character 0',
      },
      {
        line: 4,
        reason: 'messages[0].content: holds a special token, which is refused: "<|im_start|>" at character 2',
      },
      { line: 5, reason: 'messages: must have a token that is trained: no message is of the assistant' },
    ]);
    await expect(tokenize(smollm, values, { name: 'a.jsonl' })).rejects.toThrow(
      'a.jsonl: 3 of 5 examples are refused (skipBad leaves them out): line 2: messages[0].content: holds a special token, which is refused: "<|im_end|>" at character 0 (2 such: 2, 4); line 5: messages: must have',
    );
  });

  it('hold special tokens, each named by its field, unless they are allowed', async () => {
    const special = '<|im_end|>';
    const found = (field: string) =>
      `${field}: holds a special token, which is refused: "${special}" at character 0`;
    const pairs = [
      { prompt: special, completion: 'a' },
      { prompt: 'a', completion: special },
    ];
    const names = [found('prompt'), found('completion')];
    for (const tokenizer of [plain, base]) expect(await reasons(tokenizer, pairs)).toEqual(names);
    expect(await reasons(plain, pairs, { system: 's' })).toEqual(names);
    expect(await reasons(base, [{ text: special }])).toEqual([found('text')]);
    const said = { messages: [user('x'), answer(special)] };
    expect(await reasons(plain, [said], { system: 's' })).toEqual([found('messages[1].content')]);
    expect(await reasons(plain, [{ messages: [user('x'), answer('y')] }], { system: special })).toEqual([
      found('system'),
    ]);
    const allowed = { allowSpecial: true };
    expect(await masks(base, { prompt: 'x<|im_end|>', completion: 'y' }, allowed)).toBe(
      'x<|im_end|>[y<|im_end|>]',
    );
    expect(await masks(base, { text: 'x<|im_end|>y' }, allowed)).toBe('x[<|im_end|>y<|im_end|>]');
    expect(await masks(plain, said, allowed)).toContain('assistant:[<|im_end|><|im_end|>]');
  });

  it('are changed by their template, or by what follows', async () => {
    const changing = tokenizerWith(
      "{% for m in messages %}{{ m.content }}{% endfor %}{% if add_generation_prompt %}{{ 'yz' }}{% endif %}",
    );
    const [y, b] = ['y', 'b'].map((text) => changing.idOf(text));
    expect(await reasons(changing, [{ messages: [user('a\n'), answer('b')] }])).toEqual([
      `messages[1]: the template must not change what precedes it: token 2 was "y" (${y}), is "b" (${b})`,
    ]);
    expect(await reasons(changing, [{ prompt: 'a\n', completion: 'b' }], { system: 's' })).toEqual([
      expect.stringMatching(/^messages\[1\]: the template must not change what precedes it: token 3 was "y"/),
    ]);
    expect(await reasons(base, [{ prompt: 'x  ', completion: 'y' }])).toEqual([
      expect.stringMatching(/^completion: must not change the tokens of the prompt: /),
    ]);
  });

  it('have no weight, no token, or too much text for their answers', async () => {
    expect(await reasons(plain, [{ messages: [user('a'), { ...answer('b'), weight: 0 }] }])).toEqual([
      'messages: must have a token that is trained: each answer has weight 0',
    ]);
    const long = Array.from({ length: 900 }, (_, i) => (i % 2 === 0 ? user('a') : answer('b')));
    expect(await reasons(plain, [{ messages: long }])).toEqual([
      expect.stringMatching(/^messages: must have fewer answers, or less text: 450 answers, each with all/),
    ]);
    const wrong = { trainOn: 'some' } as object;
    await expect(tokenize(plain, [{ messages: [user('a'), answer('b')] }], wrong)).rejects.toThrow(
      'tokenizeChat: trainOn must be answers or all: some',
    );
    expect(() => tokenizeExamples(plain, [], { maxLength: 3 } as object)).toThrow(
      'unknown option "maxLength"',
    );
    expect(refusal(() => tokenizeExamples(plain, [{ line: 7, content: { kind: 'text', text: '' } }]))).toBe(
      'the examples: 1 of 1 examples is refused (skipBad leaves them out): line 7: text: must have a token that is trained: it has 1 in all',
    );
  });
});
