/**
 * The trials of a sweep in a file with one JSON object per line, each appended when its trial is done. A line's last field
 * is the beginning of the SHA-256 of the line without it, so that a line that was changed is refused.
 */
import { open, truncate } from 'node:fs/promises';
import { sha256 } from '../base/sha256.js';
import { DataError } from '../core.js';
import { exists, reasonOf } from '../node/files.js';
import { readFileBytes } from '../node.js';
import type { TrialSettings } from './sweepOptions.js';

export interface Trial extends TrialSettings {
  readonly parameters: number;
  readonly meanLoss: number;
  /** Duration of the training. */
  readonly seconds: number;
  /** How many fewer wrong answers than the base on the digits adapted to. */
  readonly gained: number;
  /** How many more wrong answers than the base on the other digits. */
  readonly forgotten: number;
  readonly accuracy: number;
  /** Wrong answers by digit. */
  readonly wrong: readonly number[];
}

type Check = (value: unknown) => boolean;

const number =
  (least: number, most = Number.POSITIVE_INFINITY): Check =>
  (value) =>
    Number.isFinite(value) && Number(value) >= least && Number(value) <= most;
const integer =
  (least: number, most = Number.MAX_SAFE_INTEGER): Check =>
  (value) =>
    Number.isSafeInteger(value) && number(least, most)(value);
const list =
  (isItem: Check): Check =>
  (value) =>
    Array.isArray(value) && value.length > 0 && value.every(isItem);
const digest: Check = (value) => typeof value === 'string' && /^[0-9a-f]{16}$/.test(value);

/** The rule for each field of a trial. */
const FIELDS: Readonly<Record<keyof Trial, Check>> = {
  method: (value) => value === 'layer' || value === 'parametrization',
  rank: integer(1),
  alpha: number(0),
  learningRate: number(0),
  seed: integer(Number.MIN_SAFE_INTEGER),
  digits: list(integer(0, 9)),
  replay: number(0, 1),
  iterations: integer(1),
  batchSize: integer(1),
  base: digest,
  data: digest,
  parameters: integer(1),
  meanLoss: number(Number.NEGATIVE_INFINITY),
  seconds: number(0),
  gained: integer(Number.MIN_SAFE_INTEGER),
  forgotten: integer(Number.MIN_SAFE_INTEGER),
  accuracy: number(0, 1),
  wrong: list(integer(0)),
};

const CHECKSUM_DIGITS = 16;
const CHECKSUM = /^(\{.*),"checksum":"([0-9a-f]{16})"\}$/;

/** A key that is equal for equal settings. */
export function keyOf(settings: TrialSettings): string {
  const { method, rank, alpha, learningRate, seed, digits, replay, iterations, batchSize } = settings;
  const { base, data } = settings;
  return JSON.stringify([
    ...[method, rank, alpha, learningRate, seed, digits, replay, iterations, batchSize],
    ...[base, data],
  ]);
}

/**
 * The trials of a file, none when there is no file. A last line without an end, which a killed process leaves, is cut off.
 * @throws DataError naming a line that is not a trial, or was changed
 */
export async function readTrials(path: string): Promise<Trial[]> {
  if (!(await exists(path))) return [];
  const bytes = await readFileBytes(path);
  const whole = bytes.subarray(0, bytes.lastIndexOf(0x0a) + 1);
  const trials = parseTrials(whole, path);
  if (whole.length < bytes.length) {
    await truncate(path, whole.length).catch((error: unknown) => {
      throw new DataError(`${path}: its unfinished last line cannot be cut off: ${reasonOf(error)}`);
    });
  }
  return trials;
}

/** The trials of whole lines. @throws DataError naming a line that is not a trial, or was changed */
export function parseTrials(bytes: Uint8Array, path: string): Trial[] {
  const lines = new TextDecoder().decode(bytes).split('\n').slice(0, -1);
  return lines.map((line, index) => trialOf(line, `${path}: line ${index + 1}`));
}

function trialOf(line: string, where: string): Trial {
  const [, begin, checksum] = CHECKSUM.exec(line) ?? [];
  if (begin === undefined) {
    throw new DataError(
      `${where}: must be a trial that ends with its checksum: it is damaged, or of an older version: ${line.slice(0, 40)}`,
    );
  }
  const text = `${begin}}`;
  if (sha256(text).slice(0, CHECKSUM_DIGITS) !== checksum) {
    throw new DataError(`${where}: is damaged: it does not have the checksum that it states`);
  }
  const fields = fieldsOf(text, where);
  for (const [name, isValid] of Object.entries(FIELDS)) {
    if (!isValid(fields.get(name))) {
      throw new DataError(`${where}: is not a trial: ${name} is missing or invalid`);
    }
  }
  if (fields.size > Object.keys(FIELDS).length)
    throw new DataError(`${where}: is not a trial: unknown fields`);
  // Its names and types were just checked.
  return Object.fromEntries(fields) as unknown as Trial;
}

function fieldsOf(text: string, where: string): Map<string, unknown> {
  try {
    // In braces, it is an object or an error.
    return new Map(Object.entries(JSON.parse(text)));
  } catch (error) {
    throw new DataError(`${where}: is not JSON: ${text.slice(0, 40)}`, { cause: error });
  }
}

/** A trial as a line of the file, without its end. */
export function lineOf(trial: Trial): string {
  const text = JSON.stringify(trial);
  return `${text.slice(0, -1)},"checksum":"${sha256(text).slice(0, CHECKSUM_DIGITS)}"}`;
}

/** Appends a line and waits until it is on the disk. @throws DataError */
export async function appendTrial(path: string, trial: Trial): Promise<void> {
  try {
    const file = await open(path, 'a');
    try {
      await file.writeFile(`${lineOf(trial)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new DataError(`${path}: cannot be written: ${reasonOf(error)}`);
  }
}
