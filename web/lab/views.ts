/** What the lab tells the page: plain objects, which messages carry. */
import type { DeviceName, DeviceReport } from 'lowrank';

export type AdapterFiles = Map<string, Uint8Array>;

export interface DeviceView {
  readonly name: DeviceName;
  readonly features: readonly string[];
  readonly reason: string;
  readonly all: readonly DeviceReport[];
}

/** A verdict of the test images. */
export interface Scores {
  readonly accuracy: number;
  /** By digit. */
  readonly wrong: readonly number[];
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
  readonly adapted: readonly number[] | undefined;
}
