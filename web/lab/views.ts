/** The reports of the lab to the page: plain objects, which messages carry. */
import type { DeviceName } from 'lowrank';
import type { Example } from './teaching.js';

export type AdapterFiles = Map<string, Uint8Array>;

export interface DeviceView {
  readonly name: DeviceName;
  readonly features: readonly string[];
  readonly reason: string;
}

/** Scores on the test images. */
export interface Scores {
  readonly accuracy: number;
  /** Wrong answers by digit. */
  readonly wrong: readonly number[];
}

/** Scores of base and adapter side by side. */
export interface Counts {
  /** Number of test images: all 10,000, or the 1,000 quick ones until all of MNIST is fetched. */
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

/** What an adapter was taught, which PEFT's files do not say; unknown for many adapters from elsewhere. */
export interface Taught {
  /** The digits that it was taught; empty if unknown. */
  readonly digits: readonly number[];
  /** Steps of the training run; 0 if unknown. */
  readonly iterations: number;
  /** Fraction of old examples in the training data. */
  readonly replay?: number | undefined;
  /** Duration of the training run. */
  readonly seconds?: number | undefined;
  /** Number of drawings that it was taught; 0 for MNIST digits. */
  readonly drawingCount?: number | undefined;
  /** The latest of the drawings; in a link only one. */
  readonly drawings?: readonly Example[] | undefined;
  /** Checksum of the network that it was taught on: on any other it means nothing. */
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
  /** A saved network that was trained here; undefined for the page's own. */
  readonly base?: Uint8Array | undefined;
  readonly adapter?: SavedAdapter | undefined;
}

/** Where a training run went wrong. */
export interface Divergence {
  readonly iteration: number;
  readonly loss: number;
}

/** How a training run ended. */
export interface Outcome {
  /** Iterations behind the values that were kept; 0 if none were. */
  readonly iterations: number;
  readonly diverged: Divergence | undefined;
  readonly stopped: boolean;
}

export interface Progress {
  readonly iteration: number;
  readonly iterations: number;
  /** New points since the last report: the last of some neighbouring iterations, and their mean loss. */
  readonly losses: readonly (readonly [iteration: number, loss: number])[];
  readonly perSecond: number;
}

export type OnProgress = (progress: Progress) => void;

/** Probabilities of the ten digits. */
export interface Prediction {
  readonly base: readonly number[];
  /** Answer of the adapter in training, or else of the present adapter. */
  readonly adapted: readonly number[] | undefined;
  /** Answer of the network that is being trained from scratch, or is not accepted yet. */
  readonly candidate: readonly number[] | undefined;
}

/** A linear network as one sum: the score of a digit, before the last ReLU, is its offset + its weights · the input. */
export interface LooksFor {
  /** [10, 784], for normalised inputs. */
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
  /** The initial A `[rank, inFeatures]` of an adapter, by rank; the initial B is zero. */
  readonly starts: ReadonlyMap<number, Float32Array>;
  /** The adapter's `a` `[rank, inFeatures]` and `b` `[outFeatures, rank]`; undefined for a layer that it leaves out. */
  readonly factors: { readonly rank: number; readonly a: Float32Array; readonly b: Float32Array } | undefined;
}

/** The network and its adapter in numbers, to be drawn. */
export interface Inside {
  readonly layers: readonly InsideLayer[];
  /** Normalisation of a byte of an image: (byte / 255 − mean) / std. */
  readonly input: { readonly mean: number; readonly std: number };
  readonly before: LooksFor;
  /** Undefined without an adapter. */
  readonly after: LooksFor | undefined;
  readonly adapter:
    | {
        readonly rank: number;
        readonly trainable: number;
        /** Whether it began with one of `starts`, unlike an adapter from a file. */
        readonly isTaughtHere: boolean;
      }
    | undefined;
}
