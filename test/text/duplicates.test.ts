/** Examples in two sets. Oracle: pairs written by hand. */
import { describe, expect, it } from 'vitest';
import { findDuplicates } from '../../src/text/duplicates.js';
import type { ExampleContent } from '../../src/text/exampleFormats.js';

const pair = (prompt: string, completion: string): ExampleContent => ({
  kind: 'completion',
  prompt,
  completion,
});
const said = (...texts: string[]): ExampleContent => ({
  kind: 'messages',
  messages: texts.map((content, i) => ({ role: i % 2 === 0 ? 'user' : 'assistant', content })),
});
const text = (content: string): ExampleContent => ({ kind: 'text', text: content });
const numbered = (contents: readonly ExampleContent[], from = 1) =>
  contents.map((content, i) => ({ line: from + i, content }));
const counts = (train: ExampleContent, valid: ExampleContent) =>
  findDuplicates(numbered([train]), numbered([valid])).counts;

const none = { same: 0, nearlySame: 0, samePrompt: 0 };

describe('duplicates', () => {
  it.each<[string, ExampleContent, ExampleContent, object]>([
    ['the same', pair('a', 'b'), pair('a', 'b'), { same: 1 }],
    ['another case', pair('What is it?', 'A cat.'), pair('what  is it', 'a CAT!'), { nearlySame: 1 }],
    ['another answer', pair('What is it?', 'A cat.'), pair('what is it', 'A dog.'), { samePrompt: 1 }],
    ['another question', pair('a', 'b'), pair('c', 'b'), {}],
    ['other signs', pair('What is 2+2?', '4'), pair('What is 2*2?', '4'), {}],
    ['a chat of the same', pair('a', 'b'), said('A', 'B'), { nearlySame: 1 }],
    ['the last answer', said('a', 'b', 'c', 'd'), said('a', 'b', 'c', 'e'), { samePrompt: 1 }],
    ['an earlier answer', said('a', 'b', 'c', 'd'), said('a', 'x', 'c', 'd'), {}],
    ['texts', text('One, two.'), text('one two'), { nearlySame: 1 }],
    ['other texts', text('one two'), text('one three'), {}],
    ['only punctuation', text('?!'), text('...'), {}],
    ['width', text('ＡＢＣ'), text('abc'), { nearlySame: 1 }],
  ])('are counted by likeness: %s', (_, train, valid, expected) => {
    expect(counts(train, valid)).toEqual({ ...none, ...expected });
  });

  it('are counted once each, and the first is named', () => {
    const train = numbered([pair('a', 'b'), pair('c', 'd'), pair('c', 'd')]);
    const valid = numbered([pair('x', 'y'), pair('C', 'd'), pair('a', 'b'), pair('a', 'b')], 10);
    expect(findDuplicates(train, valid)).toEqual({
      counts: { same: 2, nearlySame: 1, samePrompt: 0 },
      first: { likeness: 'nearlySame', train: 2, valid: 11 },
    });
    expect(findDuplicates([], valid)).toEqual({ counts: none, first: undefined });
  });

  it('are found among many in good time', () => {
    const many = (from: number) =>
      numbered(Array.from({ length: 20_000 }, (_, i) => pair(`q ${from + i}`, 'a')));
    expect(findDuplicates(many(0), many(19_990)).counts).toEqual({ ...none, same: 10 });
  });
});
