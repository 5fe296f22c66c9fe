/** Checks everything that can go wrong before the long work: device, ranks, data, outputs. */
import { dirname, relative } from 'node:path';
import { Sha256, sha256 } from '../base/sha256.js';
import { applyLora, type Backend, DataError, type Dataset, DeviceError, mixReplay } from '../core.js';
import { loadAdapter, selectDevice } from '../index.js';
import { ADAPTER_FILES } from '../lora/adapterFile.js';
import { DigitsNet, loadMnist } from '../mnist/index.js';
import { directoryFiles } from '../node/directoryFiles.js';
import { mnistFiles, readFileBytes } from '../node.js';
import { UsageError } from './errors.js';
import { ensureWritableFile } from './json.js';
import { readDigitsNet } from './modelFiles.js';
import type { AdaptationOptions, DeviceOptions, MnistOptions } from './options.js';
import { OutputDirectory } from './save.js';

/** A device with MNIST on it. */
export interface OpenedData {
  readonly device: Backend;
  /** Why this device. */
  readonly reason: string;
  /** The directory that the data came from. */
  readonly source: string;
  readonly train: Dataset;
  readonly test: Dataset;
  /** The training images of the chosen digits; the bytes are `train`'s. */
  readonly chosen: Dataset;
}

export interface Prepared extends OpenedData {
  /** `chosen` with the training images of other digits among them; `chosen` itself without `--replay`. */
  readonly mixed: Dataset;
  readonly output: OutputDirectory;
  /** Path of the JSON; undefined when it is not written or goes to standard output. */
  readonly jsonPath: string | undefined;
  /** Digests of the files that the job begins with. */
  readonly inputs: InputDigests;
}

/** SHA-256 of the contents of `--base` and `--adapter`; empty where there is none. */
export interface InputDigests {
  readonly base: string;
  readonly adapter: string;
}

/**
 * Opens what the job requires. The caller disposes the datasets and the device.
 * @throws UsageError for a device that is not available or a rank that a layer cannot have, DataError for data that
 *   cannot be read or do not fit, and for outputs that cannot be written
 */
export async function prepare(options: MnistOptions): Promise<Prepared> {
  const opened = await openData(options, [options.rank]);
  await checkStart(opened, options);
  const mixed = mixOthers(opened, options, options.seed);
  const output = new OutputDirectory(options.out);
  await output.prepare(options.methods);
  const toFile = options.json !== undefined && options.json !== '-';
  const jsonPath = toFile ? await ensureWritableFile(options.json) : undefined;
  if (!options.resume) await output.removeCheckpoints();
  return { ...opened, mixed, output, jsonPath, inputs: await digestInputs(options) };
}

async function digestInputs({ base, adapter }: MnistOptions): Promise<InputDigests> {
  const hash = new Sha256();
  if (adapter !== undefined) {
    for (const bytes of (await directoryFiles(adapter).read(ADAPTER_FILES)).values())
      hash.update(sha256(bytes));
  }
  return {
    base: base === undefined ? '' : sha256(await readFileBytes(base)),
    adapter: adapter === undefined ? '' : hash.hex(),
  };
}

/**
 * Opens the device, and puts the data there. The caller disposes the datasets and the device.
 * @param ranks  the ranks that adapters will have
 * @throws UsageError for a device that is not available or a rank that a layer cannot have, DataError for data that cannot
 *   be read or do not fit
 */
export async function openData(options: AdaptationOptions, ranks: readonly number[]): Promise<OpenedData> {
  const { device, reason } = await openDevice(options);
  for (const rank of ranks) await checkRank(device, rank);
  const files = await mnistFiles(options.data);
  const { train, test } = await loadMnist(device, files);
  const source = displayPath(dirname(files.trainImages.name));
  const chosen = chooseDigits(train, options.digits, source);
  return { device, reason, source, train, test, chosen };
}

/** @throws DataError when `--base` or `--adapter` do not fit the data or each other */
async function checkStart({ device, train }: OpenedData, options: MnistOptions): Promise<void> {
  const { base, adapter, methods } = options;
  for (const method of adapter === undefined ? methods.slice(0, 1) : methods) {
    const model =
      base === undefined
        ? new DigitsNet(device, { inFeatures: train.features })
        : await readDigitsNet(device, base, train);
    try {
      if (adapter !== undefined) await loadAdapter(model, adapter, { method });
    } finally {
      model.dispose();
    }
  }
}

/**
 * The images to adapt to, with those of `--replay` among them.
 * @throws DataError when there are no images of other digits
 */
export function mixOthers(
  { train, chosen, source }: OpenedData,
  { digits, replay }: Pick<AdaptationOptions, 'digits' | 'replay'>,
  seed: number,
): Dataset {
  if (replay === 0) return chosen;
  const others = [...train.classCounts.keys()].filter((digit) => !digits.includes(digit));
  if (chosen.length === train.length) {
    throw new DataError(`${source}: no training image shows a digit for --replay: ${others.join(', ')}`);
  }
  return mixReplay(chosen, train.subset(others), replay, seed);
}

/** The device that options ask for. @throws UsageError when a named device is not available */
export async function openDevice({ device: prefer, threads }: DeviceOptions) {
  try {
    return await selectDevice({ prefer, threads });
  } catch (error) {
    if (prefer === 'auto' || !(error instanceof DeviceError)) throw error;
    const message = error.message.replace(`${prefer}: `, '');
    throw new UsageError(`--device ${prefer}: ${message}`, { cause: error });
  }
}

/** Checks a rank with the library's own rule, on a temporary model. */
async function checkRank(device: Backend, rank: number): Promise<void> {
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
