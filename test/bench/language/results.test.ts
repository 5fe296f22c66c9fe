import { describe, expect, it } from 'vitest';
import type { Goal, Metric, Sample, Task } from '../../../bench/language/contender.js';
import { quantile, resultsOf } from '../../../bench/language/results.js';
import type { Entry } from '../../../bench/language/rounds.js';

const metric = (kind: Metric['kind'], goals: Goal[]): Metric => {
  return { id: 'm', title: 'metric', unit: 'u', kind, goals };
};

const entry = (name: string, samples: Sample[], wrong?: string): Entry => {
  return { name, how: 'h', wrong, rounds: samples.map((m) => ({ m })), peakBytes: 5 };
};

/** Work of a second each. */
const second = (...works: number[]): Sample[] => works.map((work) => ({ work, seconds: 1 }));

const run = (metrics: Metric[], entries: Entry[], isWallOnly = false) => {
  const task: Task = {
    ...{ title: 'task', metrics, contenders: [], isWallOnly, checked: '' },
    judge: () => new Map(),
  };
  return { task, entries, leftOut: [] };
};

describe('resultsOf', () => {
  it('gives median, spread and quartiles of rates', () => {
    const [result] = resultsOf(run([metric('rate', [])], [entry('a', second(10, 40, 20, 30, 50))]), 'wall');
    expect(result).toMatchObject({ title: 'task', unit: 'u', clock: 'wall', wrong: [] });
    expect(result.figures[0]).toMatchObject({
      ...{ name: 'task: a', contender: 'a', how: 'h', median: 30, quartiles: [20, 40], samples: 5 },
      ...{ values: [10, 40, 20, 30, 50], peakBytes: 5, lowerIsBetter: false, standings: [] },
    });
    expect(result.figures[0].spreadPercent).toBeCloseTo(100 / 3);
  });

  it('compares round by round with the best of the others', () => {
    const goals = [{ of: 'a', against: ['b', 'c', 'gone'], called: 'best', bound: 2 }];
    const entries = [
      entry('a', second(10, 30, 40)),
      entry('b', second(1, 1, 1)),
      entry('c', second(10, 15, 10)),
    ];
    const [{ figures }] = resultsOf(run([metric('rate', goals)], entries), 'wall');
    // 1, 2 and 4; the ratio of the medians would be 3.
    expect(figures[0].standings).toEqual([
      { against: 'best: c', bound: 2, isMost: false, ratio: 2, isMet: true },
    ]);
    expect(figures[1].standings).toEqual([]);
  });

  it('says of costs that they must be at most so much, and less is better', () => {
    const goals = [
      { of: 'twice', against: ['once', 'slow'], bound: 2.05, isMost: true },
      { of: 'slow', against: ['once'], bound: 2.05, isMost: true },
      { of: 'once', against: ['gone'], bound: 1 },
    ];
    const took = (seconds: number): Sample[] => [{ work: 2, seconds }];
    const entries = [entry('once', took(3)), entry('twice', took(6.3)), entry('slow', took(6.1))];
    const [{ figures }] = resultsOf(run([metric('time', goals)], entries), 'wall');
    expect(figures.map(({ median, lowerIsBetter }) => [median, lowerIsBetter])).toEqual([
      [1.5, true],
      [3.15, true],
      [3.05, true],
    ]);
    expect(figures[1].standings[0]).toMatchObject({ against: 'once', isMet: false });
    expect(figures[1].standings[0].ratio).toBeCloseTo(2.1);
    expect(figures[2].standings[0]).toMatchObject({ isMet: true });
    expect(figures[0].standings).toEqual([]);
  });

  it('reports a ratio without a bound', () => {
    const goals = [{ of: 'a', against: ['b'] }];
    const [{ figures }] = resultsOf(
      run([metric('rate', goals)], [entry('a', second(3)), entry('b', second(2))]),
      'wall',
    );
    expect(figures[0].standings).toEqual([{ against: 'b', isMost: false, ratio: 1.5 }]);
  });

  it('leaves out wrong contenders, and says why', () => {
    const goals = [{ of: 'a', against: ['b'], bound: 1 }];
    const entries = [entry('a', second(3)), entry('b', second(2), 'losses')];
    const [{ figures, wrong }] = resultsOf(run([metric('rate', goals)], entries), 'wall');
    expect(figures.map(({ contender, standings }) => [contender, standings])).toEqual([['a', []]]);
    expect(wrong).toEqual([['b', 'losses']]);
  });

  it('takes CPU time where all have it and it means something', () => {
    const both: Sample[] = [{ work: 6, seconds: 3, cpuSeconds: 2 }];
    const clocks = (entries: Entry[], isWallOnly = false) =>
      resultsOf(run([metric('rate', [])], entries, isWallOnly), 'cpu').map(({ clock, figures }) => [
        clock,
        figures[0].median,
      ]);
    expect(clocks([entry('a', both)])).toEqual([['cpu', 3]]);
    expect(clocks([entry('a', both)], true)).toEqual([['wall', 2]]);
    expect(clocks([entry('a', both), entry('b', second(1))])).toEqual([['wall', 2]]);
  });

  it('refuses a contender that gave no time', () => {
    const metrics = [{ ...metric('rate', []), id: 'other' }];
    expect(() => resultsOf(run(metrics, [entry('a', second(1))]), 'wall')).toThrow(
      'a: gave no time of other',
    );
  });
});

describe('quantile', () => {
  it('is linear between the nearest two', () => {
    expect([0, 0.25, 0.5, 1].map((share) => quantile([4, 1, 3, 2], share))).toEqual([1, 1.75, 2.5, 4]);
    expect(quantile([7], 0.75)).toBe(7);
    expect(quantile([], 0.5)).toBeNaN();
  });
});
