/** One measured figure, and how it is printed. */
import Table from 'cli-table3';
import { Bench } from 'tinybench';

export interface Result {
  readonly name: string;
  readonly unit: string;
  /** Figure in `unit`, from the median time. */
  readonly median: number;
  /** Median absolute deviation of the times, in per cent of the median. */
  readonly spreadPercent: number;
  readonly samples: number;
  readonly lowerIsBetter?: boolean;
}

export interface Measured {
  readonly name: string;
  readonly unit: string;
  /** Work of one call, in `unit` · seconds: the figure is this divided by the time. */
  readonly work: number;
  readonly run: () => Promise<void> | void;
}

/** Times each for `timeMs` and at least three calls after a warm-up, and returns the figures. */
export async function measure(suite: readonly Measured[], timeMs: number): Promise<Result[]> {
  const bench = new Bench({ time: timeMs, warmupTime: timeMs / 4, iterations: 3, warmupIterations: 1 });
  for (const { name, run } of suite) bench.add(name, run);
  const tasks = await bench.run();
  return tasks.map(({ name, result }, i) => {
    if (result.state !== 'completed') throw new Error(`bench: ${name} did not complete: ${result.state}`);
    const { p50, mad, samplesCount } = result.latency;
    const { unit, work } = suite[i];
    return {
      name,
      unit,
      median: work / (p50 / 1000),
      spreadPercent: (100 * mad) / p50,
      samples: samplesCount,
    };
  });
}

export function printResults(title: string, results: readonly Result[]): void {
  const table = new Table({
    head: [title, 'median', 'unit', '± %', 'samples'],
    colAligns: ['left', 'right', 'left', 'right', 'right'],
    style: { head: [], border: [] },
  });
  for (const { name, median, unit, spreadPercent, samples } of results) {
    const digits = median < 10 ? 2 : median < 100 ? 1 : 0;
    table.push([name, median.toFixed(digits), unit, spreadPercent.toFixed(1), samples]);
  }
  console.log(table.toString());
}
