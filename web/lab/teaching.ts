/** The training data of an adapter: drawings or MNIST digits, mixed with old examples. */
import { type Backend, Dataset, mixReplay, Random } from 'lowrank';
import { type Digits, NORMALISATION } from './digits.js';
import { PIXELS } from './pixels.js';
import { withShifts } from './shifts.js';

export interface Example {
  /** 28 × 28, white on black as in MNIST. */
  readonly pixels: Uint8Array;
  readonly label: number;
}

export interface TeachOptions {
  /** The drawings, or the MNIST digits to adapt to. */
  readonly what: { readonly drawings: readonly Example[] } | { readonly digits: readonly number[] };
  readonly rank: number;
  readonly alpha: number;
  readonly learningRate: number;
  readonly iterations: number;
  /** Fraction of old examples, 0 ≤ replay < 1. */
  readonly replay: number;
}

export const BATCH_SIZE = 10;
/** Largest number of examples that are copied for one training run; they repeat in the next epoch. */
const MOST_EXAMPLES = 4000;

const NONE = { images: new Uint8Array(), labels: new Uint8Array() };

/** The digits that a lesson teaches. */
export function digitsOf({ what }: TeachOptions): number[] {
  const labels = 'digits' in what ? what.digits : what.drawings.map(({ label }) => label);
  return [...new Set(labels)].sort((a, b) => a - b);
}

/** The same lesson with copies of each drawing that are moved by one pixel. */
export function withMovedDrawings(options: TeachOptions): TeachOptions {
  const { what } = options;
  if ('digits' in what) return options;
  const drawings = what.drawings.flatMap(({ pixels, label }) =>
    withShifts(pixels).map((moved) => ({ pixels: moved, label })),
  );
  return { ...options, what: { drawings } };
}

/** What to train on, and what to free afterwards. */
export interface TeachingData {
  readonly data: Dataset;
  dispose(): void;
}

/**
 * The examples of a lesson. MNIST digits are mixed with other MNIST digits; the few drawings are repeated and mixed with the
 * quick MNIST digits.
 */
export function teachingData(
  device: Backend,
  mnist: Digits,
  options: TeachOptions,
  seed: number,
): TeachingData {
  const { what, replay, iterations } = options;
  if ('digits' in what) {
    const train = mnist.dataset(device, mnist.all.train);
    const chosen = train.subset(what.digits);
    const others = [...Array(10).keys()].filter((digit) => !what.digits.includes(digit));
    const data = others.length === 0 ? chosen : mixReplay(chosen, train.subset(others), replay, seed);
    return { data, dispose: () => {} };
  }
  const count = Math.min(MOST_EXAMPLES, Math.max(iterations * BATCH_SIZE, what.drawings.length));
  const oldCount = Math.round(count * replay);
  // Only drawings: MNIST is not required.
  const old = oldCount > 0 ? mnist.quick.train : NONE;
  const random = new Random(seed).split('replay');
  const places = random.permutation(old.labels.length);
  const images = new Uint8Array(count * PIXELS);
  const labels = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const drawing = what.drawings[i % what.drawings.length];
    const isOld = i >= count - oldCount;
    const from = isOld ? places[i % places.length] : 0;
    images.set(isOld ? old.images.subarray(from * PIXELS, (from + 1) * PIXELS) : drawing.pixels, i * PIXELS);
    labels[i] = isOld ? old.labels[from] : drawing.label;
  }
  const data = Dataset.fromBytes(device, images, labels, NORMALISATION);
  return { data, dispose: () => data.dispose() };
}
