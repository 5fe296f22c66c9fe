/** The work of every peer: the same images, weights and matrices. It does not know any peer. */

import type { Module, SelectDeviceOptions } from '../../src/index.js';
import { Adam, applyLora, fit, Random, selectDevice } from '../../src/index.js';
import { DigitsNet, loadMnist, parseIdx } from '../../src/mnist/index.js';
import { mnistFiles } from '../../src/node.js';

export const BATCH_SIZE = 10;
/** Number of steps of one timed call, each on a different batch. */
export const STEPS = 50;
/** Number of steps of the check. */
export const CHECK_STEPS = 20;
export const CLASSES = 10;
export const FEATURES = 784;
export const LORA = { rank: 2, alpha: 1, init: 'normal' } as const;
export const SCALING = LORA.alpha / LORA.rank;
export const ADAM = { learningRate: 0.001, beta1: 0.9, beta2: 0.999, eps: 1e-8 } as const;

/** How lowrank's device is opened: one thread, as every peer has. */
export const DEVICE: SelectDeviceOptions & { readonly threads: number } = { prefer: 'wasm', threads: 1 };

const MEAN = 0.1301;
const STD = 0.3081;
/** Number of steps before the evaluation, so that the answers are not those of random weights. */
const TRAINED_STEPS = 1000;

export interface Layer {
  readonly inFeatures: number;
  readonly outFeatures: number;
  /** [outFeatures, inFeatures] */
  readonly weight: Float32Array;
  /** [outFeatures] */
  readonly bias: Float32Array;
  /** [rank, inFeatures] */
  readonly loraA: Float32Array;
  /** [outFeatures, rank], zeros */
  readonly loraB: Float32Array;
}

export interface Images {
  /** [count, 784], normalised */
  readonly x: Float32Array;
  /** [count] */
  readonly y: Uint8Array;
  readonly count: number;
}

export interface Work {
  /** STEPS batches. */
  readonly train: Images;
  readonly test: Images;
  /** Initial layers of the training. */
  readonly initial: readonly Layer[];
  /** Layers to evaluate. */
  readonly trained: readonly Layer[];
  /** Operands of a square product. */
  matrices(size: number): readonly [a: Float32Array, b: Float32Array];
}

/** Makes the work from seeds: the weights from lowrank's own models, on the build with the same bits everywhere. */
export async function makeWork(): Promise<Work> {
  const files = await mnistFiles();
  const { device } = await selectDevice({ ...DEVICE, deterministic: true });
  const model = new DigitsNet(device);
  const { train } = await loadMnist(device, files);
  const loraModel = new DigitsNet(device);
  await applyLora(loraModel, LORA);
  const initial = await layersOf(loraModel);
  await fit(model, train, { optimizer: new Adam(model.parameters(), ADAM), limit: TRAINED_STEPS });
  const trained = (await layersOf(model)).map(({ weight, bias }, i) => ({ ...initial[i], weight, bias }));
  device.dispose();
  return {
    train: await readImages(files.trainImages, files.trainLabels, STEPS * BATCH_SIZE),
    test: await readImages(files.testImages, files.testLabels),
    initial,
    trained,
    matrices,
  };
}

type File = Awaited<ReturnType<typeof mnistFiles>>['trainImages'];

async function readImages(images: File, labels: File, limit = Number.POSITIVE_INFINITY): Promise<Images> {
  const bytes = (await parseIdx(images.bytes, images.name)).data;
  const y = (await parseIdx(labels.bytes, labels.name)).data.slice(0, limit);
  const x = Float32Array.from(bytes.subarray(0, y.length * FEATURES), (byte) => (byte / 255 - MEAN) / STD);
  return { x, y, count: y.length };
}

async function layersOf(model: Module): Promise<Layer[]> {
  const state = await model.stateDict();
  return [1, 2, 3].map((i) => {
    const find = (end: string) => {
      const name = [...state.keys()].find((key) => key.startsWith(`linear${i}.`) && key.endsWith(end));
      return Float32Array.from(state.get(name ?? '')?.data ?? []);
    };
    const [weight, bias] = [find('.weight'), find('.bias')];
    const outFeatures = bias.length;
    const inFeatures = weight.length / outFeatures;
    return { inFeatures, outFeatures, weight, bias, loraA: find('.loraA'), loraB: find('.loraB') };
  });
}

const made = new Map<number, readonly [Float32Array, Float32Array]>();

function matrices(size: number): readonly [Float32Array, Float32Array] {
  const random = new Random(size);
  const normal = () => Float32Array.from({ length: size * size }, () => random.normal());
  const pair = made.get(size) ?? ([normal(), normal()] as const);
  made.set(size, pair);
  return pair;
}

/** The batches of some images, as views. */
export function batchesOf({ x, y, count }: Images, batchSize: number): Images[] {
  const batches: Images[] = [];
  for (let start = 0; start < count; start += batchSize) {
    const end = Math.min(start + batchSize, count);
    batches.push({
      x: x.subarray(start * FEATURES, end * FEATURES),
      y: y.subarray(start, end),
      count: end - start,
    });
  }
  return batches;
}

/** The rows of a product that are checked: the first, one in the middle and the last. */
export function sampledRows(size: number): number[] {
  return [0, size / 2 + 1, size - 1];
}

export function sampleRows(product: ArrayLike<number>, size: number): number[] {
  return sampledRows(size).flatMap((row) => Array.from({ length: size }, (_, j) => product[row * size + j]));
}

/** The transpose of a row-major [rows, cols]. */
export function transpose(values: Float32Array, rows: number, cols: number): Float32Array {
  return Float32Array.from(values, (_, i) => values[(i % rows) * cols + Math.floor(i / rows)]);
}
