import { describe, expect, it } from 'vitest';
import { chatSplit, pairsOf } from '../../../bench/language/corpus.js';
import { pythonShuffle } from '../../../bench/language/pythonShuffle.js';

const range = (length: number) => Array.from({ length }, (_, i) => i);

describe('pythonShuffle', () => {
  // From Python 3.11: `random.seed(seed); items = list(range(n)); random.shuffle(items)`.
  it.each([
    [0, [1, 9, 8, 5, 10, 2, 3, 7, 4, 0, 11, 6]],
    [1, [2, 3, 4, 0, 1]],
    [4294967295, [0, 7, 1, 5, 2, 6, 4, 8, 3]],
  ])('is that of Python with the seed %i', (seed, expected) => {
    expect(pythonShuffle(range(expected.length), seed)).toEqual(expected);
  });

  it('is that of Python beyond the first 624 words', () => {
    const shuffled = pythonShuffle(range(1300), 7);
    expect(shuffled.slice(0, 6)).toEqual([1036, 765, 1163, 1168, 273, 956]);
    expect(shuffled.reduce((sum, value, i) => sum + i * value, 0)).toBe(543700517);
  });

  it('leaves the list as it is', () => {
    const items = range(5);
    pythonShuffle(items, 1);
    expect(items).toEqual([0, 1, 2, 3, 4]);
  });
});

describe('pairsOf', () => {
  const head = 'categories:\n- t\nconversations:\n';

  it('reads the first two texts of each conversation', () => {
    const text = `${head}- - One?\n  - '1'\n- - Two,\n    folded?\n  - Yes.\n  - More\n`;
    expect(pairsOf('t.yml', text)).toEqual([
      { question: 'One?', answer: '1' },
      { question: 'Two, folded?', answer: 'Yes.' },
    ]);
  });

  it('keeps the place of a text that is not a conversation', () => {
    expect(pairsOf('t.yml', `${head}- a - b\n- - Q\n  - A\n`)).toEqual([
      undefined,
      { question: 'Q', answer: 'A' },
    ]);
  });

  it.each([
    ['a number for an answer', `${head}- - Q\n  - 1963\n`, /conversation 1 must begin with two texts/],
    ['what YAML 1.1 reads as true', `${head}- - Q\n  - yes\n`, /conversation 1 must begin with two texts/],
    ['one text', `${head}- - Q\n`, /conversation 1 must begin with two texts/],
    ['a mapping', `${head}- q: a\n`, /conversation 1 must begin with two texts/],
    ['no conversations', 'categories:\n- t\n', /must have conversations/],
    ['conversations that are no list', 'conversations: 1\n', /must have conversations/],
    ['a key twice', 'conversations: []\nconversations: []\n', /corpus: t.yml: .*unique/i],
    ['bad YAML', 'conversations: [\n', /corpus: t.yml: /],
    ['an unknown tag', `${head}- - !x Q\n  - A\n`, /corpus: t.yml: .*tag/i],
  ])('refuses %s', (_, text, message) => {
    expect(() => pairsOf('t.yml', text)).toThrow(message);
  });
});

describe('chatSplit', () => {
  const pairs = range(6).map((i) => ({ question: `q${i}`, answer: `a${i}` }));

  it('holds out the first of the shuffled pairs, and trains on the next', () => {
    const order = pythonShuffle(pairs, 3);
    const { train, valid } = chatSplit(pairs, { examples: 3, heldOut: 2, seed: 3 });
    expect(valid).toEqual(order.slice(0, 2));
    expect(train).toEqual(order.slice(2, 5));
  });

  it('leaves out texts that are not pairs', () => {
    const all = [undefined, ...pairs];
    const { train, valid } = chatSplit(all, { examples: 4, heldOut: 3 });
    expect(train.length + valid.length).toBe(6);
  });

  it('refuses more than there are', () => {
    expect(() => chatSplit(pairs, { examples: 5, heldOut: 2 })).toThrow(/must have 7 pairs: 6/);
  });
});
