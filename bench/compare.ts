/** Changes against the figures of an earlier run. */
import Table from 'cli-table3';
import { readFileBytes } from '../src/node.js';
import type { Result } from './result.js';

/** Per cent that a figure may get worse before it is marked, when its spread is smaller still. */
const NOISE_PERCENT = 5;

/** The report of the benchmarks, as far as it is read again. */
export interface Report {
  readonly date: string;
  readonly machine: Readonly<Record<string, unknown>>;
  readonly results: readonly Result[];
}

/** @throws Error when the file is not a report of the bench */
export async function readReport(file: string): Promise<Report> {
  const text = new TextDecoder().decode(await readFileBytes(file));
  let report: unknown;
  try {
    report = JSON.parse(text);
  } catch {
    throw new Error(`--compare: ${file} is not JSON`);
  }
  const results =
    typeof report === 'object' && report !== null && 'results' in report ? report.results : undefined;
  if (!Array.isArray(results)) throw new Error(`--compare: ${file} is not a report of the bench: no results`);
  // Written by this bench, in this shape.
  return report as Report;
}

const keyOf = ({ name, unit }: Result) => `${name} (${unit})`;

/** Every figure before and now; `slower` marks what got worse by more than noise explains. */
export function renderComparison(before: Report, now: readonly Result[]): string {
  const table = new Table({
    head: ['', 'before', 'now', 'change', ''],
    colAligns: ['left', 'right', 'right', 'right', 'left'],
    style: { head: [], border: [] },
  });
  const earlier = new Map(before.results.map((result) => [keyOf(result), result]));
  for (const result of now) {
    const old = earlier.get(keyOf(result));
    earlier.delete(keyOf(result));
    if (!old) {
      table.push([keyOf(result), '', digits(result.median), '', 'new']);
      continue;
    }
    const change = 100 * (result.median / old.median - 1);
    const worse = result.lowerIsBetter ? change : -change;
    const noise = Math.max(NOISE_PERCENT, 2 * result.spreadPercent, 2 * old.spreadPercent);
    const verdict = worse > noise ? 'slower' : -worse > noise ? 'faster' : '';
    const signed = `${change < 0 ? '−' : '+'}${Math.abs(change).toFixed(1)} %`;
    table.push([keyOf(result), digits(old.median), digits(result.median), signed, verdict]);
  }
  for (const key of earlier.keys())
    table.push([key, digits(earlier.get(key)?.median ?? Number.NaN), '', '', 'gone']);
  return `against ${before.date}\n${table}`;
}

function digits(value: number): string {
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}
