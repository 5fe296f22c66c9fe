/** A lesson that the build has recorded: what it said, step by step, without a model. */
import type { ProbeStop } from '../api.js';

export interface RecordedRun {
  readonly preset: string;
  /** A checksum of what was taught and how: where that changes, the build records again. */
  readonly key: string;
  /** Where it was recorded: `a 2-core machine`. */
  readonly device: string;
  /** That the lesson took. */
  readonly seconds: number;
  readonly rows: number;
  readonly steps: number;
  readonly probes: readonly string[];
  readonly stops: readonly ProbeStop[];
  readonly losses: readonly (readonly [step: number, loss: number])[];
}

/** Where the build puts it, beside the page. */
export const RECORDED_FILE = 'recorded-cafe.json';

/** @returns undefined where this build has none @throws Error where it did not arrive, or is something else */
export async function fetchRecorded(url: string = RECORDED_FILE): Promise<RecordedRun | undefined> {
  const response = await fetch(url);
  if (response.status === 404) return undefined;
  if (!response.ok) throw new Error(`The recorded run did not arrive (${response.status}).`);
  return readRecorded(await response.text());
}

/** @throws Error with a sentence where it is no recording */
export function readRecorded(text: string): RecordedRun {
  let value: RecordedRun;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error('The recorded run is damaged.', { cause: error });
  }
  const { probes, stops, steps } = value ?? {};
  const isWhole =
    Array.isArray(probes) &&
    Array.isArray(stops) &&
    stops.length > 1 &&
    Number.isInteger(steps) &&
    stops.every(({ answers }) => Array.isArray(answers) && answers.length === probes.length);
  if (!isWhole) throw new Error('The recorded run is damaged.');
  return value;
}
