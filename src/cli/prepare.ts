/** Everything that can go wrong is tried before the long work: device, ranks, data, outputs. */
import { dirname, relative } from 'node:path';
import { applyLora, type Backend, DataError, type Dataset, DeviceError, DigitsNet } from '../core.js';
import { loadMnist, selectDevice } from '../index.js';
import { mnistFiles } from '../node.js';
import { UsageError } from './errors.js';
import { ensureWritableFile } from './json.js';
import type { MnistOptions } from './options.js';
import { OutputDirectory } from './save.js';

export interface Prepared {
  readonly device: Backend;
  /** Why this device. */
  readonly reason: string;
  /** The directory that the data came from. */
  readonly source: string;
  readonly train: Dataset;
  readonly test: Dataset;
  /** The training images of the chosen digits; the bytes are `train`'s. */
  readonly chosen: Dataset;
  readonly output: OutputDirectory;
  /** Where the JSON goes; undefined when it goes nowhere or to standard output. */
  readonly jsonPath: string | undefined;
}

/**
 * Opens what the job needs. The caller disposes the datasets and the device.
 * @throws UsageError for a device that is not there or a rank that a layer cannot have, DataError for data that
 *   cannot be read or do not fit, and for outputs that cannot be written
 */
export async function prepare(options: MnistOptions): Promise<Prepared> {
  const { device, reason } = await openDevice(options);
  await checkRank(device, options);
  const files = await mnistFiles(options.data);
  const { train, test } = await loadMnist(device, files);
  const source = displayPath(dirname(files.trainImages.name));
  const chosen = chooseDigits(train, options.digits, source);
  const output = new OutputDirectory(options.out);
  await output.prepare(options.methods);
  const toFile = options.json !== undefined && options.json !== '-';
  const jsonPath = toFile ? await ensureWritableFile(options.json) : undefined;
  return { device, reason, source, train, test, chosen, output, jsonPath };
}

/** The device that options ask for. @throws UsageError when one that is named is not there */
export async function openDevice({ device: prefer, threads }: Pick<MnistOptions, 'device' | 'threads'>) {
  try {
    return await selectDevice({ prefer, threads });
  } catch (error) {
    if (prefer === 'auto' || !(error instanceof DeviceError)) throw error;
    const message = error.message.replace(`${prefer}: `, '');
    throw new UsageError(`--device ${prefer}: ${message}`, { cause: error });
  }
}

/** The library has the rule; a model that is thrown away asks it. */
async function checkRank(device: Backend, { rank }: MnistOptions): Promise<void> {
  const model = new DigitsNet(device);
  try {
    await applyLora(model, { rank });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError(error.message.replace(/^lora: rank/, '--rank:'), { cause: error });
  } finally {
    model.dispose();
  }
}

function chooseDigits(train: Dataset, digits: readonly number[], source: string): Dataset {
  const counts = train.classCounts;
  const missing = digits.filter((digit) => counts[digit] === 0);
  if (missing.length > 0) {
    throw new DataError(`${source}: no training image shows a digit of --digits: ${missing.join(', ')}`);
  }
  return train.subset(digits);
}

/** Relative when it is below the working directory. */
function displayPath(path: string): string {
  const below = relative('.', path);
  return below === '' || below.startsWith('..') ? path : below;
}
