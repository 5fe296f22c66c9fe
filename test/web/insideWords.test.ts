/** What the figure of the page draws and says. */
import { describe, expect, it } from 'vitest';
import type { Inside, InsideLayer } from '../../web/lab/views.js';
import {
  adapterSize,
  digitOf,
  effectOn,
  moved,
  productOf,
  ranksOf,
  scaleOf,
} from '../../web/ui/inside/numbers.js';
import { partsOf, rangeText, shownOf, signed, sizeText } from '../../web/ui/inside/parts.js';
import {
  captionText,
  countText,
  effectText,
  noiseText,
  sizeOf,
  stateText,
  strengthText,
} from '../../web/ui/inside/words.js';

const waves = (length: number, phase: number) => Float32Array.from({ length }, (_, i) => Math.sin(phase + i));

/** The figure's data in the real sizes, with an adapter of rank 2 on the named layers. */
function insideWith(adapter: Inside['adapter'], on = ['linear1', 'linear2', 'linear3']): Inside {
  const sizes = [784, 256, 128, 10];
  const layers = [1, 2, 3].map((i): InsideLayer => {
    const [inFeatures, outFeatures, name] = [sizes[i - 1], sizes[i], `linear${i}`];
    const a = waves(2 * inFeatures, i);
    const factors = { rank: 2, a: a.map((value) => 1.1 * value), b: waves(2 * outFeatures, i) };
    return {
      ...{ name, inFeatures, outFeatures, weight: waves(inFeatures * outFeatures, i) },
      starts: new Map([
        [2, a],
        [5, waves(5 * inFeatures, i)],
      ]),
      factors: adapter && on.includes(name) ? factors : undefined,
    };
  });
  const looksFor = (phase: number) => ({ weights: waves(7840, phase), offsets: waves(10, phase) });
  const after = adapter && looksFor(1);
  return { layers, input: { mean: 0.1301, std: 0.3081 }, before: looksFor(0), after, adapter };
}

const TAUGHT = { rank: 2, trainable: 3518, isTaughtHere: true };
const LOADED = { rank: 2, trainable: 276, isTaughtHere: false };

describe('the count', () => {
  const inside = insideWith(undefined);

  it('is what an adapter of each rank trains, biases and all', () => {
    expect(adapterSize(inside.layers, 2)).toBe(3518);
    expect(adapterSize(inside.layers, 1)).toBe(1956);
    expect(countText(3518)).toBe("3,518 numbers, 1.5 % of the network's 235,146");
  });

  it('is what the adapter has where that is shown, and follows the slider elsewhere', () => {
    const loaded = insideWith(LOADED, ['linear3']);
    expect(sizeOf(loaded, 2, true)).toBe(276);
    expect(sizeOf(loaded, 5, false)).toBe(adapterSize(loaded.layers, 5));
  });
});

it('the slider stops at an adapter of a higher rank too', () => {
  expect(ranksOf(undefined)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
  expect(ranksOf(5)).toEqual(ranksOf(undefined));
  expect(ranksOf(24).slice(14)).toEqual([15, 16, 24]);
});

describe('the strips', () => {
  it('begin with noise and zeros', () => {
    const inside = insideWith(undefined);
    const shown = shownOf(inside.layers[0], 5, undefined);
    if (!shown) throw new Error('there is nothing');
    const { block, a, b } = partsOf(inside.layers[0], shown, 'now');
    expect(sizeText(block)).toBe('W, frozen: 256 × 784 = 200,704 numbers');
    expect(a && sizeText(a)).toBe('A, trained: 5 × 784 = 3,920 numbers');
    expect(b && [sizeText(b), rangeText(b)]).toEqual(['B, trained: 256 × 5 = 1,280 numbers', 'all zero']);
    expect(captionText(inside.layers[0], shown)).toContain('made of 5 × (784 + 256) = 5,200 numbers');
    expect(stateText(inside, { shown, isShown: false })).toBe(
      'A starts as noise, B as zeros: initially B·A is zero and changes nothing.',
    );
  });

  it('show what training made of them', () => {
    const inside = insideWith(TAUGHT);
    const [layer] = inside.layers;
    const shown = shownOf(layer, 2, TAUGHT);
    if (!shown) throw new Error('there is nothing');
    const { block, a } = partsOf(layer, shown, 'change');
    expect(sizeText(block)).toBe('B·A, computed from A and B: 256 × 784 = 200,704 numbers');
    expect(block.values[785]).toBeCloseTo(shown.b[2] * shown.a[1] + shown.b[3] * shown.a[785], 6);
    expect(a?.values[3]).toBeCloseTo(0.1 * Math.sin(4), 6);
    expect(stateText(inside, { shown, isShown: true })).toContain('A has moved by 10 % from the noise');
    expect(stateText(inside, { shown, isShown: true })).toContain('so it still looks like noise');
    expect(stateText(inside, { shown, isShown: false })).toContain('Your adapter has rank 2.');
    expect(noiseText(inside)).toContain('Much of the change is noise');
  });

  it('say of an adapter from a file what is not known, and what it leaves out', () => {
    const inside = insideWith(LOADED, ['linear3']);
    const [first, , last] = inside.layers;
    const shown = shownOf(last, 2, LOADED);
    expect(stateText(inside, { shown, isShown: true })).toContain('does not say how A started');
    expect(shownOf(first, 2, LOADED)).toBeUndefined();
    expect(Object.keys(partsOf(first, undefined, 'now'))).toEqual(['block']);
    expect(captionText(first, undefined)).toBe('W is frozen, and this adapter does not change this layer.');
    expect(noiseText(inside)).toBe('');
    expect(partsOf(last, shown, 'change').a?.title).toBe('A');
  });
});

describe('the effect on a drawing', () => {
  const inside = insideWith(TAUGHT);
  const pixels = Uint8Array.from({ length: 784 }, (_, i) => (i % 3 === 0 ? i % 256 : 0));
  const score = ({ weights, offsets }: Inside['before'], digit: number) =>
    digitOf(weights, digit).reduce(
      (sum, weight, i) => sum + (weight * (pixels[i] / 255 - 0.1301)) / 0.3081,
      offsets[digit],
    );

  it('adds up to what the score does', () => {
    for (const digit of [0, 7]) {
      const effect = effectOn(inside, pixels, digit);
      if (!effect || !inside.after) throw new Error('there is no effect');
      expect(effect.before).toBeCloseTo(score(inside.before, digit), 3);
      expect(effect.after).toBeCloseTo(score(inside.after, digit), 3);
      expect(effect.before + effect.fromInk + effect.fromPaper).toBeCloseTo(effect.after, 6);
      expect(effect.ink.reduce((sum, value) => sum + value, 0)).toBeCloseTo(effect.fromInk, 3);
      expect(effect.ink.every((value, i) => pixels[i] > 0 || value === 0)).toBe(true);
    }
  });

  it('is that of an empty pad where there is no ink', () => {
    const effect = effectOn(inside, new Uint8Array(784), 3);
    expect(effect?.fromInk).toBe(0);
    expect(effect?.fromPaper).not.toBe(0);
  });

  it('is none without an adapter', () => {
    expect(effectOn(insideWith(undefined), pixels, 0)).toBeUndefined();
  });

  it('is said in words', () => {
    const ink = new Float32Array();
    expect(effectText(0, { before: 1.2, after: 7.5, ink, fromInk: 4.53, fromPaper: 1.72 })).toBe(
      'Through the change, your ink adds 4.5 to the score of 0. Even without ink that score would rise by 1.7. ' +
        'Together it goes from 1.2 to 7.5.',
    );
    expect(effectText(8, { before: 2, after: -1.5, ink, fromInk: -3, fromPaper: -0.5 })).toBe(
      'Through the change, your ink takes 3 from the score of 8. Even without ink that score would fall by 0.5. ' +
        'Together it goes from 2 to −1.5; the network counts a score below 0 as 0.',
    );
  });
});

it('a scale is that of nearly all values, and of none is 1', () => {
  const values = Float32Array.from({ length: 1001 }, (_, i) => (i === 0 ? 1e6 : -i));
  expect(scaleOf(values)).toBe(996);
  expect(scaleOf(new Float32Array(9))).toBe(1);
});

it('says how much stronger or weaker the change is drawn', () => {
  expect(strengthText(1, 0.25)).toContain('4.0 times stronger');
  expect(strengthText(1, 2)).toContain('2.0 times weaker');
  expect(strengthText(1, 1)).toBe('');
});

it('multiplies, measures and writes numbers', () => {
  const [a, b] = [Float32Array.of(1, 2, 3, 4), Float32Array.of(5, 6, 7, 8)];
  expect([...productOf({ rank: 2, a, b })]).toEqual([23, 34, 31, 46]);
  expect(moved(Float32Array.of(3, 5), Float32Array.of(3, 4))).toBeCloseTo(0.2, 6);
  expect([-0.01234, 0, 123.4, 1e-9].map(signed)).toEqual(['−0.0123', '0', '123', '1e−9']);
});
