/** What the page counts, and how it says what was learned and what was forgotten. */
import { describe, expect, it } from 'vitest';
import { ReferenceBackend } from '../../src/backends/reference/index.js';
import { Dataset } from '../../src/data/dataset.js';
import { evaluate } from '../../src/index.js';
import { DigitsNet } from '../../src/mnist/index.js';
import type { LabelledBytes } from '../../src/mnist/mnist.js';
import { percent, shareText } from '../../web/format.js';
import { countsOf } from '../../web/lab/counts.js';
import { NORMALISATION } from '../../web/lab/digits.js';
import { PIXELS } from '../../web/lab/pixels.js';
import type { Counts } from '../../web/lab/views.js';
import { changesOf, imageWords, rowsOf, rowWords, totalWords } from '../../web/ui/forgot/changes.js';

/** Noise that a network reads as some digits. */
function noise(count: number, seed: number): LabelledBytes {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  };
  const images = Uint8Array.from({ length: count * PIXELS }, next);
  return {
    images,
    labels: Uint8Array.from({ length: count }, (_, i) => i % 10),
    count,
    rows: 28,
    cols: 28,
    features: PIXELS,
  };
}

function setUp(hasAll: boolean) {
  const device = new ReferenceBackend();
  const [quick, all] = [noise(30, 1), noise(50, 2)];
  const dataset = (_: unknown, { images, labels }: LabelledBytes) =>
    Dataset.fromBytes(device, images, labels, NORMALISATION);
  const digits = { quick: { train: quick, test: quick }, all: { train: all, test: all }, hasAll, dataset };
  const models = { base: new DigitsNet(device, { seed: 1 }), adapted: new DigitsNet(device, { seed: 2 }) };
  return { device, digits, models, data: { quick: dataset(device, quick), all: dataset(device, all) } };
}

describe('countsOf', () => {
  it.each([
    ['the quick images', false, 30],
    ['all images where they are here', true, 50],
  ] as const)('counts on %s as evaluate does', async (_, hasAll, images) => {
    const { device, digits, models, data } = setUp(hasAll);
    const counts = await countsOf(device, digits, models);
    expect(counts.images).toBe(images);
    for (const which of ['base', 'adapted'] as const) {
      const { accuracy, wrong } = await evaluate(models[which], hasAll ? data.all : data.quick);
      expect(counts[which]?.wrong).toEqual(wrong);
      expect(counts[which]?.accuracy).toBeCloseTo(accuracy, 12);
    }
  });

  it('gives the answers to the quick images, of both networks', async () => {
    const { device, digits, models, data } = setUp(true);
    const { answers } = await countsOf(device, digits, models);
    for (const which of ['base', 'adapted'] as const) {
      const { wrong } = await evaluate(models[which], data.quick);
      const given = answers[which] ?? new Uint8Array();
      expect(new Set(given).size).toBeGreaterThan(1);
      for (const digit of wrong.keys()) {
        const missed = digits.quick.test.labels.filter((label, i) => label === digit && given[i] !== label);
        expect(missed.length).toBe(wrong[digit]);
      }
    }
  });

  it('gives none of an adapter that is not there', async () => {
    const { device, digits, models } = setUp(false);
    const counts = await countsOf(device, digits, { base: models.base, adapted: undefined });
    expect(counts.adapted).toBeUndefined();
    expect(counts.answers.adapted).toBeUndefined();
  });
});

/** Two images of 8 and two of 3. */
const LABELS = Uint8Array.of(8, 3, 8, 3);

describe('the rows', () => {
  const answers = { base: Uint8Array.of(8, 5, 4, 5), adapted: Uint8Array.of(0, 3, 4, 5) };
  const rows = rowsOf(LABELS, answers);

  it('say of each image what became of it', () => {
    expect(rows.map(({ images }) => images.length)).toEqual([0, 0, 0, 2, 0, 0, 0, 0, 2, 0]);
    expect(rows[8].images.map(({ place, fate }) => [place, fate])).toEqual([
      [0, 'forgotten'],
      [2, 'wrong'],
    ]);
    expect(rows[3].images.map(({ place, fate }) => [place, fate])).toEqual([
      [1, 'learned'],
      [3, 'wrong'],
    ]);
    expect(imageWords(rows[8].images[0])).toBe('Before: 8, After: 0, forgotten');
    expect(imageWords(rows[3].images[1])).toBe('Before: 5, After: 5, wrong both times');
  });

  it('say it in words', () => {
    expect(rowWords(rows[8])).toBe('1 forgotten');
    expect(rowWords(rows[3])).toBe('1 learned');
    const both = { digit: 1, images: [...rows[8].images, ...rows[3].images] };
    expect(rowWords(both)).toBe('1 forgotten, 1 learned');
    expect(rowWords({ digit: 8, images: rows[8].images.slice(1) })).toBe('no change');
  });

  it('show what the network misreads without an adapter', () => {
    const before = rowsOf(LABELS, { base: Uint8Array.of(8, 5, 8, 5), adapted: undefined });
    expect(rowWords(before[8])).toBe('all right');
    expect(rowWords(before[3])).toBe('2 misread');
    expect(imageWords(before[3].images[0])).toBe('Before: 5, wrong');
    expect(imageWords(before[8].images[0])).toBe('Before: 8, right');
  });
});

describe('the verdict', () => {
  const scores = (wrong: readonly number[]) => ({
    accuracy: 1 - wrong.reduce((sum, each) => sum + each, 0) / 1000,
    wrong,
  });
  const base = scores([25, 1, 1, 1, 1, 1, 10, 10, 20, 20]);
  const words = (adapted: readonly number[], taught: readonly number[]) =>
    changesOf(base, scores(adapted), taught).map((each) => `${each.count} ${each.words}`);

  it('distinguishes the taught digits from the others', () => {
    const adapted = [2, 1, 1, 1, 1, 1, 10, 10, 71, 20];
    expect(words(adapted, [0])).toEqual(['23 more right on 0', '51 fewer right on the others']);
    expect(words(adapted, [0, 1, 8])).toEqual([
      '28 fewer right on 0, 1 and 8',
      '0 fewer right on the others',
    ]);
    expect(words(base.wrong, [0])).toEqual(['0 more right on 0', '0 fewer right on the others']);
    expect(words(adapted, [])).toEqual(['28 fewer right on all digits']);
    expect(words(adapted, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])).toEqual(['28 fewer right on all digits']);
  });

  it('sums it up', () => {
    const totals = (adapted: Counts['adapted']) =>
      totalWords({ images: 1000, base, adapted, answers: { base: LABELS, adapted: undefined } });
    expect(totals(undefined)).toBe('It misreads 90 of 1,000 test images.');
    expect(totals({ ...base, accuracy: 0.896 })).toBe(
      'It still reads 90 % of 1,000 test images right (before: 91 %).',
    );
    expect(totals({ ...base, accuracy: 0.95 })).toBe(
      'It reads 95 % of 1,000 test images right (before: 91 %).',
    );
    expect(totals({ ...base, accuracy: 0.912 })).toBe(
      'It still reads 91 % of 1,000 test images right, as before.',
    );
  });
});

describe('shares', () => {
  it('are whole percents', () => {
    expect([0, 0.0001, 0.00499, 0.005, 0.9166, 1].map(percent)).toEqual([
      '0 %',
      '<1 %',
      '<1 %',
      '1 %',
      '92 %',
      '100 %',
    ]);
  });

  it('are a dash where the network has nothing to say', () => {
    const tied = [0.0663, 0.3, 0.0663, 0.5674];
    expect(tied.map((_, digit) => shareText(tied, digit))).toEqual(['–', '30 %', '–', '57 %']);
    const single = [0.002, 0.3, 0.1, 0.598];
    expect(shareText(single, 0)).toBe('<1 %');
    // A tie of the highest values is not the floor.
    const even = [0.4, 0.4, 0.2];
    expect(even.map((_, digit) => shareText(even, digit))).toEqual(['40 %', '40 %', '20 %']);
  });
});
