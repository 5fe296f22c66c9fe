/** Examples in the address of the page. */
import fc from 'fast-check';
import { deflateSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { toBase64Url } from '../../../web/base64.js';
import { settingsOf } from '../../../web/language/efforts.js';
import { examplesIn, examplesLink, hasExamples, LONGEST_LINK } from '../../../web/language/examplesLink.js';

const PAGE = 'https://example.org/lowrank/language.html?x=1#old';
const hashOf = (link: string) => new URL(link).hash;
const packed = (bytes: Uint8Array) => `#e=${toBase64Url(deflateSync(bytes))}`;
const carrying = (value: unknown) => packed(new TextEncoder().encode(JSON.stringify(value)));
const DAMAGED = 'This link is damaged or was cut short: ask for it again.';

const shared = {
  rows: [
    { prompt: 'When do you open?', answer: 'At six, when the lamp goes out.' },
    { prompt: 'Wi-Fi? 📶', answer: 'Keine „Netze“ hier' },
  ],
  system: 'You are the keeper.',
  settings: settingsOf('quick', 24),
};

describe('a link of examples', () => {
  it('carries rows, system prompt and settings, on the page’s own address', () => {
    const link = examplesLink(shared, PAGE);
    expect(link.startsWith('https://example.org/lowrank/language.html?x=1#e=')).toBe(true);
    expect(examplesIn(hashOf(link))).toEqual(shared);
  });

  it('carries any texts', () => {
    const text = fc.string({ unit: 'binary', maxLength: 60 });
    const rows = fc.array(fc.record({ prompt: text, answer: text }), { maxLength: 10 });
    fc.assert(
      fc.property(rows, (some) => {
        expect(examplesIn(hashOf(examplesLink({ rows: some }, PAGE)))?.rows).toEqual(some);
      }),
      { numRuns: 50 },
    );
  });

  it('is refused where it would be longer than programs pass on', () => {
    const rows = Array.from({ length: 500 }, (_, i) => {
      const prompt = Math.sin(i).toString(36);
      return { prompt, answer: Math.cos(i).toString(36) };
    });
    expect(() => examplesLink({ rows }, PAGE)).toThrow('send the project file instead.');
    expect(() => examplesIn(`#e=${'A'.repeat(LONGEST_LINK)}`)).toThrow('too long');
  });

  it('is none for another hash', () => {
    expect(hasExamples('#a=abc')).toBe(false);
    expect(examplesIn('#a=abc')).toBeUndefined();
    expect(examplesIn('')).toBeUndefined();
  });

  it('is refused wherever it was cut', () => {
    const hash = hashOf(examplesLink(shared, PAGE));
    for (let end = 3; end < hash.length; end += 7)
      expect(() => examplesIn(hash.slice(0, end))).toThrow(DAMAGED);
  });

  it('is refused where it unpacks to more than examples are', () => {
    // What it unpacks to could be read otherwise.
    const bomb = packed(new TextEncoder().encode(`{"v":1,"rows":[]}${' '.repeat(2_000_000)}`));
    expect(bomb.length).toBeLessThan(LONGEST_LINK);
    expect(() => examplesIn(bomb)).toThrow(DAMAGED);
  });

  const { settings } = shared;
  it.each([
    ['no object', 7],
    ['another version', { v: 2, rows: [] }],
    ['no rows', { v: 1 }],
    ['a row of one text', { v: 1, rows: [['a']] }],
    ['a number for a text', { v: 1, rows: [['a', 1]] }],
    ['501 rows', { v: 1, rows: Array(501).fill(['a', 'b']) }],
    ['a system prompt that is none', { v: 1, rows: [], system: {} }],
    ['half a rank', { v: 1, rows: [], settings: { ...settings, rank: 1.5 } }],
    ['no rate', { v: 1, rows: [], settings: { ...settings, learningRate: 0 } }],
    ['rows of 100,000 tokens', { v: 1, rows: [], settings: { ...settings, maxLength: 100_000 } }],
    [
      'prompts that are neither trained nor not',
      { v: 1, rows: [], settings: { ...settings, trainsPrompts: 1 } },
    ],
    ['settings that lack one', { v: 1, rows: [], settings: { ...settings, seed: undefined } }],
  ])('is refused with %s', (_, value) => {
    expect(() => examplesIn(carrying(value))).toThrow(DAMAGED);
  });

  it('trains answers only where an older link does not say', () => {
    const { trainsPrompts: _, ...older } = settingsOf('quick', 24);
    const read = examplesIn(carrying({ v: 1, rows: [], settings: older }));
    expect(read?.settings).toEqual(settings);
    const both = { ...settings, trainsPrompts: true };
    expect(examplesIn(carrying({ v: 1, rows: [], settings: both }))?.settings).toEqual(both);
  });

  it('survives anything', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => examplesIn(`#e=${toBase64Url(bytes)}`)).toThrow(DAMAGED);
      }),
    );
  });
});
