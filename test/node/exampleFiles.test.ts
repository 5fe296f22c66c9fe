/** Which file is for what. Oracle: folders written by hand. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { exampleFiles } from '../../src/node/exampleFiles.js';

const root = mkdtempSync(join(tmpdir(), 'lowrank-example-files-'));
afterAll(() => rmSync(root, { recursive: true }));

let folders = 0;
function folder(...names: string[]): string {
  const path = join(root, `${folders++}`);
  mkdirSync(path);
  for (const name of names) writeFileSync(join(path, name), '');
  return path;
}

describe('exampleFiles', () => {
  it('finds what each file of a folder is for', async () => {
    const path = folder('train.jsonl', 'Validation.csv', 'test.tsv', 'README.md', 'dev.json');
    expect(await exampleFiles(path)).toEqual({
      train: join(path, 'train.jsonl'),
      valid: join(path, 'Validation.csv'),
      test: join(path, 'test.tsv'),
      isFolder: true,
      others: ['dev.json'],
    });
    const alone = folder('valid.json');
    expect(await exampleFiles(alone)).toMatchObject({ train: undefined, valid: join(alone, 'valid.json') });
  });

  it('takes a file for training', async () => {
    const path = join(folder('mine.txt'), 'mine.txt');
    const none = { valid: undefined, test: undefined, isFolder: false, others: [] };
    expect(await exampleFiles(path)).toEqual({ train: path, ...none });
  });

  it('refuses folders in which it is not clear, and nothing', async () => {
    const two = folder('train.jsonl', 'train.csv');
    await expect(exampleFiles(two)).rejects.toThrow(
      `${two}: must have one file of train examples: train.csv, train.jsonl`,
    );
    await expect(exampleFiles(folder('val.csv', 'valid.csv'))).rejects.toThrow('one file of valid examples');
    await expect(exampleFiles(folder())).rejects.toThrow(
      'must have a train.jsonl, valid.jsonl or test.jsonl',
    );
    await expect(exampleFiles(folder('a.jsonl', 'train'))).rejects.toThrow(': it holds a.jsonl, train');
    await expect(exampleFiles(join(root, 'nowhere'))).rejects.toThrow('no such file or directory');
  });
});
