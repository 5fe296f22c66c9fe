/** What the lab tells the page: plain objects, which messages carry. */
import type { DeviceName } from 'lowrank';
import type { Example } from './teaching.js';

export type AdapterFiles = Map<string, Uint8Array>;

export interface DeviceView {
  readonly name: DeviceName;
  readonly features: readonly string[];
  readonly reason: string;
}

/** A verdict of the test images. */
export interface Scores {
  readonly accuracy: number;
  /** By digit. */
  readonly wrong: readonly number[];
}

/** Verdicts on base and adapter side by side. */
export interface Counts {
  /** Test images that were counted: all 10,000, or the 1,000 quick ones while the rest of MNIST is not here. */
  readonly images: number;
  readonly base: Scores;
  readonly adapted: Scores | undefined;
  /** The digit answered to each of the quick test images. */
  readonly answers: { readonly base: Uint8Array; readonly adapted: Uint8Array | undefined };
}

/** Images, 28 × 28 bytes each, with their labels. */
export interface LabelledImages {
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
}

/** What an adapter was taught, which PEFT's files do not say; one from elsewhere may know nothing of it. */
export interface Taught {
  /** Empty where nobody knows. */
  readonly digits: readonly number[];
  /** Steps of the training run; 0 where nobody knows. */
  readonly iterations: number;
  /** Fraction of old examples among those it was taught with. */
  readonly replay?: number | undefined;
  /** How long the training took. */
  readonly seconds?: number | undefined;
  /** Drawings that it was taught; 0 for digits of MNIST. */
  readonly drawingCount?: number | undefined;
  /** The latest of them, for a link only one. */
  readonly drawings?: readonly Example[] | undefined;
  /** A checksum of the network that it was taught on: on another one it means nothing. */
  readonly base?: string | undefined;
}

export interface AdapterView extends Taught {
  readonly rank: number;
  readonly alpha: number;
  readonly trainable: number;
  /** Parameters of the model and its adapter. */
  readonly total: number;
  readonly percent: number;
}

/** An adapter as it is kept: PEFT's two files, and what the page says about it. */
export interface SavedAdapter {
  readonly files: AdapterFiles;
  readonly view: AdapterView;
}

/** An adapter that came from files. */
export interface LoadedAdapter extends SavedAdapter {
  /** What the visitor should know about the files, as a sentence. */
  readonly note: string | undefined;
}

/** The network and its adapter, which belong together: an adapter means nothing on another network. */
export interface SavedModel {
  /** A saved network that was trained here; without it, the page's own. */
  readonly base?: Uint8Array | undefined;
  readonly adapter?: SavedAdapter | undefined;
}

/** Where a training went wrong. */
export interface Divergence {
  readonly iteration: number;
  readonly loss: number;
}

/** How a training ended. */
export interface Outcome {
  /** Those whose values are taken; 0 when none of them could be. */
  readonly iterations: number;
  readonly diverged: Divergence | undefined;
  readonly stopped: boolean;
}

export interface Progress {
  readonly iteration: number;
  readonly iterations: number;
  /** Since the last report: the mean loss of some iterations side by side, with the last of them. */
  readonly losses: readonly (readonly [iteration: number, loss: number])[];
  readonly perSecond: number;
}

export type OnProgress = (progress: Progress) => void;

/** Probabilities of the ten digits. */
export interface Prediction {
  readonly base: readonly number[];
  /** By the adapter that is being taught, while one is; otherwise by the one there is. */
  readonly adapted: readonly number[] | undefined;
  /** By the network that is being trained from scratch, or was and is not accepted yet. */
  readonly candidate: readonly number[] | undefined;
}

/** A linear network as one sum: the score of a digit, before the last ReLU, is its offset + its weights · the input. */
export interface LooksFor {
  /** [10, 784], of inputs that are normalised. */
  readonly weights: Float32Array;
  /** [10] */
  readonly offsets: Float32Array;
}

export interface InsideLayer {
  readonly name: string;
  readonly inFeatures: number;
  readonly outFeatures: number;
  /** The network's own weight, `[outFeatures, inFeatures]`. */
  readonly weight: Float32Array;
  /** By rank, the A `[rank, inFeatures]` with which an adapter begins here; its B is zero. */
  readonly starts: ReadonlyMap<number, Float32Array>;
  /** What the adapter has here, `a` `[rank, inFeatures]` and `b` `[outFeatures, rank]`; it may leave layers out. */
  readonly factors: { readonly rank: number; readonly a: Float32Array; readonly b: Float32Array } | undefined;
}

/** The network and its adapter in numbers, to be drawn. */
export interface Inside {
  readonly layers: readonly InsideLayer[];
  /** A byte of an image is given to it as (byte / 255 − mean) / std. */
  readonly input: { readonly mean: number; readonly std: number };
  readonly before: LooksFor;
  /** Undefined without an adapter. */
  readonly after: LooksFor | undefined;
  readonly adapter:
    | {
        readonly rank: number;
        readonly trainable: number;
        /** Whether it began with one of `starts`, which an adapter from a file did not. */
        readonly isTaughtHere: boolean;
      }
    | undefined;
}
