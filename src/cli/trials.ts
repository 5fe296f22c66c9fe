/** The trials of a sweep in a file of one JSON object a line, each appended when its trial is done. */
import { existsSync } from 'node:fs';
import { open, readFile, truncate } from 'node:fs/promises';
import { DataError } from '../core.js';
import { reasonOf } from '../node/files.js';
import type { TrialSettings } from './sweepOptions.js';

export interface Trial extends TrialSettings {
  readonly parameters: number;
  readonly meanLoss: number;
  /** Of the training. */
  readonly seconds: number;
  /** Wrong answers fewer than the base's on the digits adapted to. */
  readonly won: number;
  /** Wrong answers more than the base's on the others. */
  readonly forgotten: number;
  readonly accuracy: number;
  /** By digit. */
  readonly wrong: readonly number[];
}

/** The same text for the same settings. */
export function keyOf(settings: TrialSettings): string {
  const { method, rank, alpha, learningRate, seed, digits, replay, iterations, batchSize, base } = settings;
  return JSON.stringify([
    method,
    rank,
    alpha,
    learningRate,
    seed,
    digits,
    replay,
    iterations,
    batchSize,
    base,
  ]);
}

/**
 * The trials of a file, none when there is no file. A last line without an end, which a killed process leaves, is cut off.
 * @throws DataError naming a line that is no trial
 */
export async function readTrials(path: string): Promise<Trial[]> {
  if (!existsSync(path)) return [];
  const text = await readFile(path, 'utf8');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  const trials = whole
    .split('\n')
    .slice(0, -1)
    .map((line, index) => trialOf(line, `${path}: line ${index + 1}`));
  if (whole.length < text.length) await truncate(path, Buffer.byteLength(whole));
  return trials;
}

function trialOf(line: string, where: string): Trial {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new DataError(`${where}: is no JSON: ${line.slice(0, 40)}`, { cause: error });
  }
  const numbers = ['rank', 'alpha', 'learningRate', 'seed', 'parameters', 'seconds', 'won', 'forgotten'];
  const isTrial =
    typeof value === 'object' &&
    value !== null &&
    numbers.every((name) => typeof Reflect.get(value, name) === 'number') &&
    Array.isArray(Reflect.get(value, 'wrong'));
  if (!isTrial) throw new DataError(`${where}: is no trial: ${line.slice(0, 40)}`);
  // Its names and types were just looked at.
  return value as Trial;
}

/** Appends a line and waits until it is on the disk. @throws DataError */
export async function appendTrial(path: string, trial: Trial): Promise<void> {
  try {
    const file = await open(path, 'a');
    try {
      await file.writeFile(`${JSON.stringify(trial)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new DataError(`${path}: cannot be written: ${reasonOf(error)}`);
  }
}
