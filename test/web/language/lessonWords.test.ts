/** Efforts, times, and the words about a lesson. */
import { describe, expect, it } from 'vitest';
import type { TeachOutcome } from '../../../web/language/api.js';
import { bestStep, lossBefore, meanLosses, NO_COURSE, withReport } from '../../../web/language/curve.js';
import { about, duration } from '../../../web/language/duration.js';
import {
  EFFORTS,
  effortOf,
  heldOutRows,
  MOST_PASSES,
  settingsOf,
  stepsOf,
} from '../../../web/language/efforts.js';
import { firstDifference } from '../../../web/language/firstDifference.js';
import { forgotSentence, learnedSentence, outcomeSentence } from '../../../web/language/outcome.js';

describe('the efforts', () => {
  it.each([
    ['quick', 24, 78],
    ['normal', 42, 110],
    ['thorough', 500, 240],
  ] as const)('%s with %d rows takes %d steps', (effort, rows, steps) => {
    expect(stepsOf(rows, settingsOf(effort, rows))).toBe(steps);
  });

  it('goes through one row no more often than is allowed, and through 500 once at least', () => {
    expect(settingsOf('thorough', 1).epochs).toBe(MOST_PASSES);
    expect(settingsOf('quick', 500).epochs).toBe(1);
    expect(settingsOf('quick', 0).epochs).toBe(MOST_PASSES);
  });

  it('is found again by its settings, and a change of them is a person’s own', () => {
    for (const effort of EFFORTS) {
      const settings = settingsOf(effort, 100);
      expect(effortOf(settings, 100)).toBe(effort);
      expect(effortOf({ ...settings, lastLayers: 8 }, 100)).toBe(effort);
      expect(effortOf({ ...settings, rank: 4 }, 100)).toBeUndefined();
    }
  });

  it.each([
    [19, 0],
    [20, 2],
    [24, 2],
    [100, 10],
    [500, 20],
  ])('of %d rows holds out %d', (rows, heldOut) => {
    expect(heldOutRows(rows, { heldOut: 0.1 })).toBe(heldOut);
    expect(heldOutRows(rows, { heldOut: 0 })).toBe(0);
  });
});

describe('times', () => {
  it.each([
    [0.2, '1 s'],
    [52.4, '52 s'],
    [240, '4 min'],
    [3600, '1 h'],
    [4800, '1 h 20 min'],
  ])('%d seconds are %s', (seconds, said) => expect(duration(seconds)).toBe(said));

  it.each([
    [7.3, 'about 7 s'],
    [52.4, 'about 50 s'],
    [130, 'about 2 min'],
  ])('%d seconds are guessed as %s', (seconds, said) => expect(about(seconds)).toBe(said));
});

describe('the first word that differs', () => {
  it('is found behind what both begin with', () => {
    expect(firstDifference('We open at six, when', 'We open at nine.')).toEqual({
      same: 'We open at ',
      word: 'six,',
      rest: ' when',
    });
  });

  it('is the first where nothing is the same, and spaces do not count', () => {
    expect(firstDifference('Six.', 'At nine.')?.word).toBe('Six.');
    expect(firstDifference('At  six', 'At six')).toBeUndefined();
  });

  it('is none for a beginning of the other, and the next word for what is longer', () => {
    expect(firstDifference('At six', 'At six in the evening')).toBeUndefined();
    expect(firstDifference('At six in the', 'At six')?.word).toBe('in');
    expect(firstDifference('', 'At six')).toBeUndefined();
  });
});

describe('the course of a lesson', () => {
  const report = (step: number, loss: number) => ({
    ...{ step, steps: 60, secondsLeft: 40, tokensPerSecond: 131, losses: [[step, loss]] as const },
    ...{ heldOut: [[step, loss + 1]] as const, probes: [{ step, answers: ['a', 'b'] }], isMeasuring: false },
  });
  const course = [report(0, 3), report(20, 1), report(40, 2)].reduce(withReport, NO_COURSE);

  it('gathers the reports', () => {
    expect(course.losses).toEqual([
      [0, 3],
      [20, 1],
      [40, 2],
    ]);
    expect(course.stops.map(({ step }) => step)).toEqual([0, 20, 40]);
    expect(course.latest?.step).toBe(40);
  });

  it('knows the base’s loss and the best step', () => {
    expect(lossBefore(course)).toBe(4);
    expect(lossBefore({ ...course, heldOut: [] })).toBe(3);
    expect(bestStep(course)).toBe(20);
    expect(bestStep({ heldOut: [[0, 4]] })).toBeUndefined();
  });

  it('has means of the same number of points, unchanged if all are equal', () => {
    const flat = Array.from({ length: 30 }, (_, i) => [i + 1, 2] as const);
    expect(meanLosses(flat)).toEqual(flat);
    const zigzag = flat.map(([step], i) => [step, i % 2 === 0 ? 1 : 3] as const);
    for (const [, loss] of meanLosses(zigzag)) expect(Math.abs(loss - 2)).toBeLessThan(0.2);
  });
});

describe('what came of it', () => {
  const outcome: TeachOutcome = {
    ...{ steps: 60, of: 60, end: 'finished', kept: 60, seconds: 58.2, trainable: 2_442_240 },
    general: [3.24, 3.3],
  };

  it.each([
    [{}, "Taught in 60 steps, 58 s. 2,442,240 new numbers; the model's own were not touched."],
    [{ kept: 40 }, /The best step, 40, was kept\./],
    [{ end: 'stopped', steps: 23, kept: 23 }, /^Stopped at step 23 of 60, after 58 s\. 2/],
    [
      { end: 'diverged', steps: 31, kept: 30 },
      'It diverged at step 31 of 60. The last good step, 30, was kept.',
    ],
    [{ end: 'diverged', steps: 2, kept: 0 }, /nothing was learned/],
    [{ end: 'stopped', steps: 0, kept: 0 }, 'You stopped it before it learned anything.'],
  ] as const)('%o', (change, said) => {
    expect(outcomeSentence({ ...outcome, ...change })).toMatch(said);
  });

  it.each([
    [[3, 3], 'It forgot nothing that this test can see (±0 %).'],
    [[3, 2.9], 'It forgot nothing that this test can see (−3 %).'],
    [[3, 3.06], 'It forgot little (+2 %).'],
    [[3, 3.3], 'It forgot some of what it knew (+10 %).'],
    [[3, 3.9], /^It forgot much of what it knew \(\+30 %\)/],
  ] as const)('general loss %o', (losses, said) => expect(forgotSentence(losses)).toMatch(said));

  it.each([
    [[3, 1], 'It answers examples it never saw much better (loss 3.00 before, 1.00 after).'],
    [[3, 2.8], /never saw better/],
    [[3, 3], /as before/],
    [[3, 3.5], /by heart/],
  ] as const)('held-out loss %o', (losses, said) => expect(learnedSentence(losses)).toMatch(said));
});
