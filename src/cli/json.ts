/** The output of `--json`. The shape is a contract: programs read it. */
import { lstat, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DataError } from '../core.js';
import { ensureWritableDirectory, writeFileAtomic } from '../node.js';

/** The test set's verdict on a model. */
export interface Score {
  /** Fraction of the test images that are right, 0 to 1. */
  accuracy: number;
  /** Wrong predictions, by the image's digit. */
  wrong: number[];
}

export interface TrainingFacts {
  meanLoss: number;
  iterations: number;
  iterationsPerSecond: number;
}

/** The training facts exist when it was trained, `file` when it was read. */
export interface BaseSummary extends Score, Partial<TrainingFacts> {
  parameters: number;
  file?: string;
}

export interface AdaptedSummary extends TrainingFacts {
  totalParameters: number;
  trainableParameters: number;
  /** 100 · trainable / base. */
  trainablePercent: number;
  rank: number;
  alpha: number;
  /** Directory of the adapter that it started from; absent for a new adapter. */
  from?: string;
  adapted: Score;
  /** Score with the adapter switched off. */
  disabled: Score;
  /** Present only with `--replay`: the result to compare `adapted` with. */
  replay?: ReplaySummary;
}

export interface ReplaySummary {
  /** Share of the adaptation's images that show other digits. */
  fraction: number;
  /** Training images that the adaptation drew from. */
  images: number;
  /** The same adaptation without replay. */
  without: TrainingFacts & { adapted: Score };
}

export interface MnistSummary {
  device: { name: string; features: string[]; reason: string };
  seed: number;
  base: BaseSummary;
  parametrization?: AdaptedSummary;
  layer?: AdaptedSummary;
}

/** The object as text, indented, with each list on one line and a newline at the end. */
export function jsonText(summary: object): string {
  const text = JSON.stringify(summary, undefined, 2);
  // A newline inside a string is escaped, so this matches only lists of numbers and strings.
  const lists = /\[\n\s+([^[\]{}]*?)\n\s+\]/g;
  return `${text.replace(lists, (_, items: string) => `[${items.replace(/\n\s+/g, ' ')}]`)}\n`;
}

/**
 * Checks before the work whether a file can be written at its end, and creates its directory.
 * @returns where to write: the target of a symbolic link, so that the link stays
 * @throws DataError when the directory cannot be written to, or something other than a file exists there; a rename
 *   would replace a device such as /dev/null
 */
export async function ensureWritableFile(path: string): Promise<string> {
  // Usually the file does not exist yet; other failures come up again, with their reason, when it is written.
  const target = await realpath(path).catch(() => path);
  const found = await lstat(target).catch(() => undefined);
  if (found?.isDirectory()) throw new DataError(`${path}: cannot be written: it is a directory`);
  if (found && !found.isFile()) throw new DataError(`${path}: cannot be written: it is not a regular file`);
  await ensureWritableDirectory(dirname(target));
  return target;
}

/** @throws DataError when the file cannot be written; it is as it was then */
export function writeJson(path: string, summary: MnistSummary): Promise<void> {
  return writeFileAtomic(path, new TextEncoder().encode(jsonText(summary)));
}
