/** MNIST's four IDX files, checked against each other. It knows no file system and no device. */
import { DataError } from '../base/errors.js';
import { MAX_DECOMPRESSED_BYTES } from './gzip.js';
import { parseIdx } from './idx.js';

/** The bytes of one file, raw or gzipped. */
export interface NamedBytes {
  /** Name of the file in error messages, usually its path. */
  name: string;
  bytes: Uint8Array;
}

/** The four files of MNIST, or of a data set in its format such as Fashion-MNIST. */
export interface MnistFiles {
  trainImages: NamedBytes;
  trainLabels: NamedBytes;
  testImages: NamedBytes;
  testLabels: NamedBytes;
}

/** Images with one label each; both are views of the files' bytes where those were not gzipped. */
export interface LabelledBytes {
  /** `[count, rows, cols]`, one byte per pixel, 0 to 255. */
  images: Uint8Array;
  /** `[count]`, each 0 to 9. */
  labels: Uint8Array;
  count: number;
  /** Pixels of one image, `rows * cols`. */
  features: number;
  rows: number;
  cols: number;
}

const CLASSES = 10;

/**
 * Reads MNIST's four files and checks that they belong together.
 *
 * @param files the four files, each raw or gzipped
 * @returns 60,000 images to train with and 10,000 to test with in the original; other counts are accepted
 * @throws DataError when a file is not valid IDX, images and labels were swapped, their counts differ, a
 *   label is above 9, there is no image or no pixel, or train and test images differ in size
 * @see http://yann.lecun.com/exdb/mnist/
 */
export async function parseMnist(files: MnistFiles): Promise<{ train: LabelledBytes; test: LabelledBytes }> {
  const train = await parsePair(files.trainImages, files.trainLabels, MAX_DECOMPRESSED_BYTES);
  const left = MAX_DECOMPRESSED_BYTES - train.images.length - train.labels.length;
  const test = await parsePair(files.testImages, files.testLabels, left);
  if (train.rows !== test.rows || train.cols !== test.cols) {
    const values = `${test.rows}x${test.cols}, ${files.trainImages.name} has ${train.rows}x${train.cols}`;
    throw new DataError(`${files.testImages.name}: image size differs from the training images': ${values}`);
  }
  return { train, test };
}

/** @param limit  bytes that both may unpack to together */
async function parsePair(
  imageFile: NamedBytes,
  labelFile: NamedBytes,
  limit: number,
): Promise<LabelledBytes> {
  const images = await parseIdx(imageFile.bytes, imageFile.name, {
    limit,
    check: (shape) => {
      checkDimensions(shape, imageFile.name, 'images');
      const [count, rows, cols] = shape;
      if (count === 0) throw new DataError(`${imageFile.name}: at least one image is needed: found 0`);
      if (rows * cols > 0) return;
      throw new DataError(`${imageFile.name}: an image needs pixels: found ${rows}x${cols}`);
    },
  });
  const [count, rows, cols] = images.shape;
  const labels = await parseIdx(labelFile.bytes, labelFile.name, {
    limit: limit - images.data.length,
    check: (shape) => {
      checkDimensions(shape, labelFile.name, 'labels');
      if (shape[0] === count) return;
      const values = `${shape[0]} labels, ${imageFile.name} has ${count} images`;
      throw new DataError(`${labelFile.name}: counts of labels and images differ: ${values}`);
    },
  });
  const bad = labels.data.findIndex((label) => label >= CLASSES);
  if (bad >= 0) {
    const values = `label ${bad} is ${labels.data[bad]}`;
    throw new DataError(`${labelFile.name}: labels must be 0 to ${CLASSES - 1}: ${values}`);
  }
  return { images: images.data, labels: labels.data, count, features: rows * cols, rows, cols };
}

/** Images have 3 dimensions and labels 1; the other way round the files were swapped. */
function checkDimensions(shape: readonly number[], name: string, expected: 'images' | 'labels'): void {
  const rank = expected === 'images' ? 3 : 1;
  if (shape.length === rank) return;
  const dims = `[${shape.join(', ')}]`;
  if (expected === 'labels' && shape.length === 3) {
    throw new DataError(`${name}: holds images, labels were expected: ${dims}`);
  }
  if (expected === 'images' && shape.length === 1) {
    throw new DataError(`${name}: holds labels, images were expected: ${dims}`);
  }
  throw new DataError(
    `${name}: ${expected} must have ${rank} dimension${rank > 1 ? 's' : ''}: found ${dims}`,
  );
}
