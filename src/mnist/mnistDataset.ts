import type { Backend } from '../backends/backend.js';
import { checkOptions, type OptionNames } from '../base/options.js';
import { Dataset } from '../data/dataset.js';
import { type MnistFiles, parseMnist } from './mnist.js';

export interface LoadMnistOptions {
  /** Mean, subtracted from x/255. Default 0.1301. */
  readonly mean?: number;
  /** Standard deviation: the divisor after the mean is subtracted. Default 0.3081. */
  readonly std?: number;
}

const NAMES: OptionNames<LoadMnistOptions> = { mean: true, std: true };

/**
 * The MNIST digits on the device: 60,000 training and 10,000 test images of 28 × 28 bytes, normalised
 * as `(x/255 − mean)/std` when a batch is gathered.
 * @param files  the four IDX files, raw or gzipped; `mnistFiles()` of `lowrank/node` reads them
 * @throws DataError when a file is not what it claims to be
 */
export async function loadMnist(
  device: Backend,
  files: MnistFiles,
  options: LoadMnistOptions = {},
): Promise<{ train: Dataset; test: Dataset }> {
  checkOptions('loadMnist', options, NAMES);
  const { mean = 0.1301, std = 0.3081 } = options;
  const { train, test } = await parseMnist(files);
  const images = { features: train.features, classes: 10, mean, std };
  return {
    train: Dataset.fromBytes(device, train.images, train.labels, images),
    test: Dataset.fromBytes(device, test.images, test.labels, images),
  };
}
