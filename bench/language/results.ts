/** Figures of a task: medians, quartiles, and the state of its goals. */
import { summary } from '../ratio.js';
import type { Result } from '../result.js';
import type { Goal, Metric, Sample } from './contender.js';
import type { Entry, TaskRun } from './rounds.js';

export type ClockName = 'wall' | 'cpu';

/** The state of a goal. */
export interface Standing {
  readonly against: string;
  /** Absent where the ratio is only reported. */
  readonly bound?: number;
  readonly isMost: boolean;
  /** The median of the ratios of the single rounds. */
  readonly ratio: number;
  /** Absent where there is no bound. */
  readonly isMet?: boolean;
}

export interface Figure extends Result {
  readonly contender: string;
  readonly how: string;
  readonly quartiles: readonly [number, number];
  readonly values: readonly number[];
  readonly peakBytes: number | undefined;
  readonly standings: readonly Standing[];
}

export interface MetricResult {
  readonly title: string;
  readonly unit: string;
  readonly clock: ClockName;
  readonly figures: readonly Figure[];
  /** Contenders whose answers were wrong, and why. */
  readonly wrong: readonly (readonly [name: string, why: string])[];
}

/** @param clock  clock for tasks whose CPU time is meaningful */
export function resultsOf({ task, entries }: TaskRun, clock: ClockName): MetricResult[] {
  const wrong = entries.flatMap(({ name, wrong: why }) => (why === undefined ? [] : [[name, why] as const]));
  return task.metrics.map((metric) => {
    const right = entries.filter((entry) => entry.wrong === undefined && entry.rounds.length > 0);
    const samples = right.flatMap(({ rounds }) => rounds.map((round) => round[metric.id]));
    const hasCpu = samples.every((sample) => sample?.cpuSeconds !== undefined);
    const used = clock === 'cpu' && hasCpu && !task.isWallOnly ? 'cpu' : 'wall';
    const values = new Map(right.map((entry) => [entry.name, valuesOf(entry, metric, used)]));
    const title = task.metrics.length > 1 ? `${task.title}: ${metric.title}` : task.title;
    return {
      ...{ title, unit: metric.unit, clock: used, wrong },
      figures: right.map((entry) => figureOf(entry, metric, title, values)),
    };
  });
}

function valuesOf({ name, rounds }: Entry, { id, kind }: Metric, clock: ClockName): number[] {
  return rounds.map((round) => {
    const sample: Sample | undefined = round[id];
    const seconds = clock === 'cpu' ? sample?.cpuSeconds : sample?.seconds;
    if (!sample || !seconds) throw new Error(`${name}: gave no time of ${id}`);
    return kind === 'rate' ? sample.work / seconds : seconds / sample.work;
  });
}

function figureOf(
  { name, how, peakBytes }: Entry,
  metric: Metric,
  title: string,
  all: ReadonlyMap<string, readonly number[]>,
): Figure {
  const values = all.get(name) ?? [];
  const { unit, kind, goals } = metric;
  const quartiles = [quantile(values, 0.25), quantile(values, 0.75)] as const;
  return {
    ...summary(`${title}: ${name}`, unit, values, kind === 'time'),
    median: quantile(values, 0.5),
    ...{ contender: name, how, quartiles, values, peakBytes },
    standings: goals.filter(({ of }) => of === name).flatMap((goal) => standingOf(goal, all, kind)),
  };
}

/** The state of a goal against the best of the others; undefined where none of them takes part. */
function standingOf(
  { of, against, called, bound, isMost = false }: Goal,
  all: ReadonlyMap<string, readonly number[]>,
  kind: Metric['kind'],
): Standing[] {
  const own = all.get(of) ?? [];
  const there = against.filter((name) => all.has(name));
  const medianOf = (name: string) => quantile(all.get(name) ?? [], 0.5);
  const sign = kind === 'rate' ? -1 : 1;
  const [best] = [...there].sort((a, b) => sign * (medianOf(a) - medianOf(b)));
  if (best === undefined) return [];
  const other = all.get(best) ?? [];
  const rounds = Math.min(own.length, other.length);
  const ratio = quantile(
    own.slice(0, rounds).map((value, round) => value / other[round]),
    0.5,
  );
  const name = called === undefined ? best : `${called}: ${best}`;
  const reported = { against: name, isMost, ratio };
  if (bound === undefined) return [reported];
  return [{ ...reported, bound, isMet: isMost ? ratio <= bound : ratio >= bound }];
}

/** A quantile, linear between the two nearest values; NaN for an empty list. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.ceil(place);
  return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
}
