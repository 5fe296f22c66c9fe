/** The reasons of a failing system, which a test cannot bring about as root, are thrown by a stand-in for `mkdir`. */
import * as fs from 'node:fs/promises';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DataError } from '../../src/base/errors.js';
import { makeDirectory } from '../../src/node/directories.js';
import { ensureWritableDirectory, exists } from '../../src/node/files.js';

vi.mock('node:fs/promises', async (importOriginal) => {
  const actual = await importOriginal<typeof fs>();
  return { ...actual, mkdir: vi.fn(actual.mkdir), stat: vi.fn(actual.stat) };
});

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lowrank-directories-'));
});
afterEach(async () => {
  vi.mocked(fs.mkdir).mockReset();
  vi.mocked(fs.stat).mockReset();
  const actual = await vi.importActual<typeof fs>('node:fs/promises');
  vi.mocked(fs.mkdir).mockImplementation(actual.mkdir);
  vi.mocked(fs.stat).mockImplementation(actual.stat);
  await rm(root, { recursive: true });
});

const failure = (code: string) => Object.assign(new Error(`${code}: raw`), { code });

describe('makeDirectory', () => {
  it('makes the parents that are missing, and says which', async () => {
    expect(await makeDirectory(join(root, 'a', 'b'))).toEqual([join(root, 'a'), join(root, 'a', 'b')]);
    expect(await makeDirectory(join(root, 'a', 'b', 'c'))).toEqual([join(root, 'a', 'b', 'c')]);
    expect(await makeDirectory(join(root, 'a'))).toEqual([]);
  });

  it.each([
    ['EROFS', 'the file system is read-only'],
    ['EACCES', 'permission denied'],
    ['ENAMETOOLONG', 'the name is too long'],
    ['ELOOP', 'too many symbolic links'],
    ['EMFILE', 'too many open files'],
    ['ENOSPC', 'no space left on the device'],
    ['EXDEV', 'it is on another file system'],
  ])('reports %s as what it is, also of a parent', async (code, words) => {
    for (const path of [join(root, 'a'), join(root, 'a', 'b')]) {
      vi.mocked(fs.mkdir).mockImplementation(async (given) => {
        throw failure(given === join(root, 'a') ? code : 'ENOENT');
      });
      await expect(ensureWritableDirectory(path)).rejects.toThrow(
        new DataError(`${path}: no files can be written to this directory: ${words} (${code})`),
      );
    }
  });

  it('removes the parents that it made when the last one fails', async () => {
    await expect(makeDirectory(join(root, 'a', 'b', 'x'.repeat(300)))).rejects.toMatchObject({
      code: 'ENAMETOOLONG',
    });
    expect(await readdir(root)).toEqual([]);
  });
});

describe('exists', () => {
  it('distinguishes paths that exist, that do not, and that cannot be checked', async () => {
    await writeFile(join(root, 'file'), '');
    expect(await exists(join(root, 'file'))).toBe(true);
    expect(await exists(root)).toBe(true);
    expect(await exists(join(root, 'none'))).toBe(false);
    expect(await exists(join(root, 'file', 'none'))).toBe(false);
    vi.mocked(stat).mockRejectedValue(failure('EACCES'));
    await expect(exists(root)).rejects.toThrow(
      new DataError(`${root}: cannot be read: permission denied (EACCES)`),
    );
  });
});
