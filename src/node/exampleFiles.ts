/** Finds the files of a folder for training, validation and test. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError } from '../base/errors.js';
import { reasonOf } from './files.js';

export interface ExampleFiles {
  /** Path of the training examples; undefined where there is no such file. The others likewise. */
  readonly train: string | undefined;
  readonly valid: string | undefined;
  readonly test: string | undefined;
  /** Whether the path is a folder; a single file serves for training, or for whatever it is given for. */
  readonly isFolder: boolean;
  /** Files of the folder that look like examples and are not used. */
  readonly others: readonly string[];
}

const ENDINGS = /\.(jsonl|json|csv|tsv)$/i;
const USES: readonly (readonly [use: 'train' | 'valid' | 'test', names: readonly string[]])[] = [
  ['train', ['train']],
  ['valid', ['valid', 'validation', 'val']],
  ['test', ['test']],
];
const MOST_LISTED = 6;

/**
 * A file, or a folder with `train.jsonl` and, if there are any, `valid.jsonl` and `test.jsonl`; also `.json`, `.csv`, `.tsv`.
 * @throws DataError where the path does not exist, or a folder has none of them, or several for one use
 */
export async function exampleFiles(path: string): Promise<ExampleFiles> {
  const cannot = (error: unknown): never => {
    throw new DataError(`${path}: cannot be read: ${reasonOf(error)}`);
  };
  const found = await stat(path).catch(cannot);
  if (!found.isDirectory())
    return { train: path, valid: undefined, test: undefined, isFolder: false, others: [] };
  const names = (await readdir(path).catch(cannot)).sort();
  const files: Partial<Record<'train' | 'valid' | 'test', string>> = {};
  for (const [use, stems] of USES) {
    const candidates = names.filter((name) => ENDINGS.test(name) && stems.includes(stemOf(name)));
    if (candidates.length > 1)
      throw new DataError(`${path}: must have one file of ${use} examples: ${candidates.join(', ')}`);
    if (candidates.length === 1) files[use] = candidates[0];
  }
  const used = Object.values(files);
  if (used.length === 0) {
    const listed = names.slice(0, MOST_LISTED).join(', ') + (names.length > MOST_LISTED ? ', …' : '');
    throw new DataError(
      `${path}: must have a train.jsonl, valid.jsonl or test.jsonl (or .json, .csv, .tsv): it ${names.length === 0 ? 'is empty' : `holds ${listed}`}`,
    );
  }
  const inFolder = (name: string | undefined) => (name === undefined ? undefined : join(path, name));
  return {
    ...{ train: inFolder(files.train), valid: inFolder(files.valid), test: inFolder(files.test) },
    isFolder: true,
    others: names.filter((name) => ENDINGS.test(name) && !used.includes(name)),
  };
}

function stemOf(name: string): string {
  return name.replace(ENDINGS, '').toLowerCase();
}
