/** What an adapter was taught, in words. */
import { expect, it } from 'vitest';
import type { Taught } from '../../web/lab/views.js';
import { taughtSentence } from '../../web/taught.js';

it.each<[taught: Taught, sentence: string | undefined]>([
  [{ digits: [0], iterations: 200, seconds: 0.41, drawingCount: 1 }, 'Taught 0 from 1 drawing in 0.4 s.'],
  [
    { digits: [0, 1, 7], iterations: 200, seconds: 12.6, drawingCount: 30 },
    'Taught 0, 1 and 7 from 30 drawings in 13 s.',
  ],
  [{ digits: [2, 3], iterations: 1200, seconds: 0.001, drawingCount: 0 }, 'Taught 2 and 3 in 0.1 s.'],
  // As kept by an older version of the page.
  [{ digits: [2, 3], iterations: 1200 }, 'Taught 2 and 3 in 1,200 steps.'],
  [{ digits: [], iterations: 0 }, undefined],
])('of %j it says %j', (taught, sentence) => expect(taughtSentence(taught)).toBe(sentence));
