/** A small MNIST in real IDX files, cut from the package's. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mnistFiles } from '../../src/node.js';

/** A new empty directory, and a function that removes it. */
export async function temporaryDirectory(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'lowrank-cli-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** Writes the first images and labels of training and test set into `directory`. */
export async function writeMnistSlice(directory: string, train = 2000, test = 500): Promise<void> {
  const { trainImages, trainLabels, testImages, testLabels } = await mnistFiles();
  const files = [
    { name: 'train-images-idx3-ubyte', bytes: trainImages.bytes, count: train, header: 16, size: 784 },
    { name: 'train-labels-idx1-ubyte', bytes: trainLabels.bytes, count: train, header: 8, size: 1 },
    { name: 't10k-images-idx3-ubyte', bytes: testImages.bytes, count: test, header: 16, size: 784 },
    { name: 't10k-labels-idx1-ubyte', bytes: testLabels.bytes, count: test, header: 8, size: 1 },
  ];
  for (const { name, bytes, count, header, size } of files) {
    const cut = bytes.slice(0, header + count * size);
    new DataView(cut.buffer).setUint32(4, count);
    await writeFile(join(directory, name), cut);
  }
}
