import { describe, expect, it } from 'vitest';
import { type JobWork, jobIndices, randomIds, wordsOf } from '../../../bench/language/training.js';

const work: JobWork = { kind: 'job', examples: '', batchSize: 2, steps: 1, checkSteps: 2 };

describe('jobIndices', () => {
  it('takes the checked steps first, and then continues round by round', () => {
    expect(jobIndices(work, 100, undefined)).toEqual([0, 1, 2, 3]);
    expect(jobIndices(work, 100, 0)).toEqual([4, 5]);
    expect(jobIndices({ ...work, steps: 2 }, 100, 1)).toEqual([8, 9, 10, 11]);
  });

  it('begins again after the last example', () => {
    expect(jobIndices({ ...work, steps: 2 }, 7, 0)).toEqual([4, 5, 6, 0]);
  });
});

describe('randomIds', () => {
  it('continues where another begins, within the vocabulary', () => {
    expect([...randomIds(3)]).toEqual([500, 537, 574]);
    expect([...randomIds(2, 1)]).toEqual([537, 574]);
    expect(Math.max(...randomIds(20000))).toBe(20499);
  });
});

describe('wordsOf', () => {
  it('has a word for each token, again and again', () => {
    expect(wordsOf(10)).toBe(' one day people world water school time house one day');
  });
});
