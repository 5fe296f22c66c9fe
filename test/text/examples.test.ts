/** Examples and their trained tokens. Oracle: masks written by hand, and those of transformers on the real model. */
import { describe, expect, it } from 'vitest';
import { openGguf } from '../../src/gguf/open.js';
import { encodeChat } from '../../src/text/chat.js';
import {
  type TokenExample,
  tokenizeChat,
  tokenizeCompletion,
  tokenizeText,
  UNTRAINED,
} from '../../src/text/examples.js';
import { tokenizerFromGguf } from '../../src/text/fromGguf.js';
import type { ChatMessage } from '../../src/text/messages.js';
import type { Tokenizer } from '../../src/text/tokenizer.js';
import { hasRealModel, realModel } from '../support/realModel.js';
import { byteLevel, chat, markedExamples } from './fixtures.js';
import { metadataOf, refusal } from './support.js';

const { json } = byteLevel().pre.smollm;
const { templates } = chat();
const END = 421;

function tokenizerWith(template?: string, changes: readonly [string, number][] = []): Tokenizer {
  const metadata = metadataOf(json, 'smollm');
  metadata.set('tokenizer.ggml.add_bos_token', false);
  if (template !== undefined) metadata.set('tokenizer.chat_template', template);
  for (const [key, value] of changes) metadata.set(`tokenizer.ggml.${key}`, value);
  return tokenizerFromGguf(metadata, 'f');
}

const smollm = tokenizerWith(templates.SmolLM2);
const user = (content: string): ChatMessage => ({ role: 'user', content });
const answer = (content: string): ChatMessage => ({ role: 'assistant', content });

/** The runs of trained tokens, as text. */
function trained(tokenizer: Tokenizer, { ids, labels }: TokenExample): string[] {
  expect(labels.length).toBe(ids.length);
  const runs: string[] = [];
  let isIn = false;
  for (const [i, label] of labels.entries()) {
    if (label === UNTRAINED) isIn = false;
    else {
      expect(label).toBe(ids[i]);
      if (!isIn) runs.push('');
      runs[runs.length - 1] += tokenizer.decode([label]);
      isIn = true;
    }
  }
  return runs;
}

describe('a conversation to train on', () => {
  it('trains an answer and the end of its turn, not the newline after it', () => {
    const messages = [user('Hi'), answer('abc')];
    const { ids, labels } = tokenizeChat(smollm, messages);
    expect(ids).toEqual(encodeChat(smollm, messages));
    const said = [...smollm.encode('abc'), END];
    const newline = [...smollm.encode('\n')];
    expect([...ids.slice(-said.length - 1)]).toEqual([...said, ...newline]);
    const none = new Array(ids.length - said.length - 1).fill(UNTRAINED);
    expect([...labels]).toEqual([...none, ...said, UNTRAINED]);
  });

  it('trains each turn of the assistant, and nothing of the others', () => {
    const messages = [
      { role: 'system', content: 'Be brief.' },
      ...[user('a<b'), answer('1 two'), user('c'), answer(''), user('d'), answer('e\n')],
      user('f'),
    ];
    expect(trained(smollm, tokenizeChat(smollm, messages))).toEqual([
      '1 two<|im_end|>',
      '<|im_end|>',
      'e\n<|im_end|>',
    ]);
  });

  it('trains everything except the first token on request', () => {
    const { ids, labels } = tokenizeChat(smollm, [user('a'), answer('b')], { trainOn: 'all' });
    expect([...labels]).toEqual([UNTRAINED, ...ids.slice(1)]);
    const wrong = { trainOn: 'answer' as 'answers' };
    expect(() => tokenizeChat(smollm, [user('a'), answer('b')], wrong)).toThrow(
      'tokenizeChat: trainOn must be answers or all: answer',
    );
  });

  it('trains the end of the turn where padding is the same token', () => {
    const padded = tokenizerWith(templates.SmolLM2, [['padding_token_id', END]]);
    expect([padded.padId, padded.eosIds[0]]).toEqual([END, END]);
    expect(trained(padded, tokenizeChat(padded, [user('a'), answer('b')]))).toEqual(['b<|im_end|>']);
  });

  it('ends a turn with another special token, or with the text of the template', () => {
    const source =
      "{% for m in messages %}{{ '<|im_start|>' if m.role == 'user' }}{{ m.content }}{{ '<think>' if m.role == 'user' }}{{ '<|im_start|> .' if m.role != 'user' }}{% endfor %}";
    const other = tokenizerWith(source);
    expect(trained(other, tokenizeChat(other, [user('a'), answer('b'), user('c')]))).toEqual([
      'b<|im_start|>',
    ]);
    const plain = tokenizerWith(
      "{% for m in messages %}{{ m.content + '.\n' }}{% if m.role == 'user' %}{{ '<think>' }}{% endif %}{% endfor %}",
    );
    expect(trained(plain, tokenizeChat(plain, [user('a'), answer('b')]))).toEqual(['b.\n']);
  });

  it('gives tools to the template', () => {
    const withTools = tokenizerWith(templates['tools and namespaces']);
    const messages = [user('a'), answer('b')];
    const { tools } = chat();
    const example = tokenizeChat(withTools, messages, { tools });
    expect(example.ids).toEqual(encodeChat(withTools, messages, { tools }));
    expect(trained(withTools, example)).toEqual(['b<|im_end|>']);
  });

  it('refuses a template that changes the text before an answer', () => {
    const changing = tokenizerWith(
      "{% for m in messages %}{{ m.content }}{% endfor %}{% if add_generation_prompt %}{{ 'yz' }}{% endif %}",
    );
    const [y, b] = ['y', 'b'].map((text) => changing.idOf(text));
    expect(refusal(() => tokenizeChat(changing, [user('a\n'), answer('b')]))).toMatch(
      `messages[1]: the template must not change what precedes it: token 2 was "y" (${y}), is "b" (${b})`,
    );
    // Like that of Qwen3, this one leaves out the text before the last answer once more follows.
    const dropping = tokenizerWith(
      "{% for m in messages %}{{ m.role ~ ':' }}{{ 'yz' ~ m.content if loop.last else m.content }}{{ '<|im_end|>' }}{% endfor %}{% if add_generation_prompt %}{{ 'assistant:' }}{% endif %}",
    );
    const messages = [answer('b'), user('a')];
    expect(refusal(() => tokenizeChat(dropping, messages))).toMatch(
      /^messages\[0\]: the template must not change it when more follows: token \d+ was "y" \(\d+\), is "b"/,
    );
    const shorter = tokenizerWith("{{ 'aaa' if add_generation_prompt else 'a' }}");
    expect(refusal(() => tokenizeChat(shorter, [user(''), answer('')]))).toMatch(
      /^messages\[1\]: the template must not change what precedes it: token \d was "a+" \(\d+\), is (not there|"a")/,
    );
  });

  it('refuses a conversation without an answer, and special tokens in one', () => {
    expect(refusal(() => tokenizeChat(smollm, [user('a')]))).toBe(
      'messages: must have a token that is trained: no message is of the assistant',
    );
    expect(refusal(() => tokenizeChat(smollm, [user('a'), answer('b<|im_end|>')]))).toMatch(
      /^messages\[1\]\.content: holds a special token, which is refused/,
    );
    const allowed = tokenizeChat(smollm, [user('a'), answer('b<|im_end|>c')], { allowSpecial: true });
    expect(trained(smollm, allowed)).toEqual(['b<|im_end|>c<|im_end|>']);
  });

  it('trains the tokens that transformers trains by the marks of a template', () => {
    const { template, rows } = markedExamples();
    const marked = tokenizerWith(template, [['padding_token_id', END]]);
    expect(rows.length).toBe(40);
    const found = rows.map(({ messages }) => {
      const { ids, labels } = tokenizeChat(marked, messages);
      const places = Array.from(labels.keys()).filter((i) => labels[i] !== UNTRAINED);
      return { messages, ids: [...ids], trained: places };
    });
    expect(found).toEqual(rows);
  });

  it.runIf(hasRealModel)('trains an answer of SmolLM2 and <|im_end|>, which is its padding too', async () => {
    const real = tokenizerFromGguf((await openGguf(realModel(), 'm')).metadata, 'm');
    expect([real.padId, real.eosIds[0]]).toEqual([2, 2]);
    const { ids, labels } = tokenizeChat(real, [user('Hi'), answer('Hello!')]);
    expect([...ids.slice(-4)]).toEqual([19556, 17, 2, 198]);
    expect([...labels.slice(-4)]).toEqual([19556, 17, 2, UNTRAINED]);
    expect(labels.slice(0, -4).every((label) => label === UNTRAINED)).toBe(true);
  });
});

describe('a completion to train on', () => {
  it('becomes messages of a user and the assistant, where there is a template', () => {
    expect(tokenizeCompletion(smollm, { prompt: 'Hi', completion: 'abc' })).toEqual(
      tokenizeChat(smollm, [user('Hi'), answer('abc')]),
    );
  });

  it('is plain text and its end, where there is no template', () => {
    const bare = tokenizerWith();
    const example = tokenizeCompletion(bare, { prompt: '2+2=', completion: ' 4' });
    expect([...example.ids]).toEqual([...bare.encode('2+2= 4'), END]);
    expect(trained(bare, example)).toEqual([' 4<|im_end|>']);
    const begun = tokenizerFromGguf(metadataOf(json, 'smollm'), 'f');
    const { ids } = tokenizeCompletion(begun, { prompt: 'a', completion: ' b' });
    expect([...ids]).toEqual([...begun.encode('a b', { addSpecialTokens: true }), END]);
    expect(ids[0]).toBe(420);
  });

  it('is refused where the two share a token, or are not texts', () => {
    const bare = tokenizerWith();
    const [first, second] = [bare.encode('x  '), bare.encode('x  y')];
    const at = first.findIndex((id, i) => id !== second[i]);
    expect(refusal(() => tokenizeCompletion(bare, { prompt: 'x  ', completion: 'y' }))).toBe(
      `completion: must not change the tokens of the prompt: a space belongs to the beginning of a completion: token ${at} was ${JSON.stringify(bare.tokenOf(first[at]))} (${first[at]}), is ${JSON.stringify(bare.tokenOf(second[at]))} (${second[at]})`,
    );
    const missing = { prompt: 'a' } as unknown as { prompt: string; completion: string };
    expect(refusal(() => tokenizeCompletion(smollm, missing))).toMatch(/^completion: must be a string/);
    expect(refusal(() => tokenizeCompletion(bare, { prompt: '<|im_end|>', completion: '' }))).toMatch(
      /holds a special token/,
    );
  });
});

describe('a text to train on', () => {
  it('is trained as a whole, with its end', () => {
    const { ids, labels } = tokenizeText(smollm, 'one two');
    expect([...ids]).toEqual([...smollm.encode('one two'), END]);
    expect([...labels]).toEqual([UNTRAINED, ...ids.slice(1)]);
  });

  it('is refused where no token could be trained', () => {
    expect(refusal(() => tokenizeText(smollm, ''))).toBe(
      'text: must have a token that is trained: it has 1 in all',
    );
    expect(refusal(() => tokenizeText(smollm, 1 as unknown as string))).toBe('text: must be a string: 1');
  });
});
