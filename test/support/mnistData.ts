/** Real MNIST, read once for the tests that need it. */
import type { Backend } from '../../src/backends/backend.js';
import { Dataset } from '../../src/data/dataset.js';
import { type LabelledBytes, parseMnist } from '../../src/mnist/mnist.js';
import { mnistFiles } from '../../src/node/mnist.js';

const { train, test } = await parseMnist(await mnistFiles());

function first(device: Backend, { images, labels, features }: LabelledBytes, count: number): Dataset {
  const options = { features, classes: 10, mean: 0.1301, std: 0.3081 };
  return Dataset.fromBytes(device, images.subarray(0, count * features), labels.subarray(0, count), options);
}

/** The first `count` training images. */
export const trainImages = (device: Backend, count: number): Dataset => first(device, train, count);

/** The first `count` test images. */
export const testImages = (device: Backend, count: number): Dataset => first(device, test, count);
