/** A lesson recorded by the build: its answers step by step, without a model. */
import type { ProbeStop } from '../api.js';

export interface RecordedRun {
  readonly preset: string;
  /** Checksum of what was taught and how: if it changes, the build records again. */
  readonly key: string;
  /** Where it was recorded: `a 2-core machine`. */
  readonly device: string;
  /** Duration of the lesson. */
  readonly seconds: number;
  readonly rows: number;
  readonly steps: number;
  readonly probes: readonly string[];
  readonly stops: readonly ProbeStop[];
  readonly losses: readonly (readonly [step: number, loss: number])[];
}

/** Name of the file that the build puts beside the page. */
export const RECORDED_FILE = 'recorded-cafe.json';

/** @returns undefined if this build has none @throws Error if it did not arrive, or is not a recording */
export async function fetchRecorded(url: string = RECORDED_FILE): Promise<RecordedRun | undefined> {
  const response = await fetch(url);
  if (response.status === 404) return undefined;
  if (!response.ok) throw new Error(`The recorded run did not arrive (${response.status}).`);
  return readRecorded(await response.text());
}

/** @throws Error with a sentence if it is not a recording */
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
