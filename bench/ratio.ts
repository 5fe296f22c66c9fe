/** Measures two works in turn, so that a drifting clock affects both, and compares them. */
import type { Result } from './result.js';

export type Work = () => Promise<void> | void;

export interface Pair {
  readonly name: string;
  /** `times` is the time of `work` over that of `base`; `% of …` 100 times what `value` makes of it. */
  readonly unit: string;
  readonly base: Work;
  readonly work: Work;
  /** Turns `time(work) / time(base)` into the figure. Default: the ratio itself. */
  readonly value?: (ratio: number) => number;
  readonly lowerIsBetter: boolean;
}

/** Measures every pair for `timeMs`, at least five times. */
export async function measurePairs(pairs: readonly Pair[], timeMs: number): Promise<Result[]> {
  const results: Result[] = [];
  for (const { name, unit, base, work, value = (ratio: number) => ratio, lowerIsBetter } of pairs) {
    await warmUp([base, work], timeMs / 2);
    const ratios: number[] = [];
    const end = performance.now() + timeMs;
    while (performance.now() < end || ratios.length < 5) {
      // The order alternates, so that neither always finds the caches as the other left them.
      const [first, second] = ratios.length % 2 === 0 ? [base, work] : [work, base];
      const [a, b] = [await timeOf(first), await timeOf(second)];
      ratios.push(value(ratios.length % 2 === 0 ? b / a : a / b));
    }
    results.push(summary(name, unit, ratios, lowerIsBetter));
  }
  return results;
}

/** Runs the works until the engine has compiled what runs often. */
async function warmUp(works: readonly Work[], timeMs: number): Promise<void> {
  for (const work of works) {
    const end = performance.now() + timeMs / works.length;
    do await work();
    while (performance.now() < end);
  }
}

async function timeOf(work: Work): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

/** Median, and median absolute deviation in per cent of it. */
export function summary(
  name: string,
  unit: string,
  values: readonly number[],
  lowerIsBetter: boolean,
): Result {
  const sorted = [...values].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)];
  const deviations = sorted.map((value) => Math.abs(value - median)).sort((a, b) => a - b);
  const spreadPercent = (100 * deviations[Math.floor(deviations.length / 2)]) / median;
  return { name, unit, median, spreadPercent, samples: values.length, lowerIsBetter };
}
