/** What the lab tells the page: plain objects, which messages carry. */
import type { DeviceName } from 'lowrank';

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

export interface AdapterView {
  readonly rank: number;
  readonly alpha: number;
  readonly trainable: number;
  /** Of the model and its adapter. */
  readonly total: number;
  readonly percent: number;
  /** What it was taught; empty for one that came from files. */
  readonly digits: readonly number[];
  /** Iterations of its training; 0 for one that came from files. */
  readonly iterations: number;
  /** Of its training. */
  readonly seconds?: number;
}

/** An adapter as it is kept: PEFT's two files, and what the page says about it. */
export interface SavedAdapter {
  readonly files: AdapterFiles;
  readonly view: AdapterView;
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
