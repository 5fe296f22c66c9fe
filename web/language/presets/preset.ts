import type { Check } from './checks.js';

/** A set of examples to start with, and checks of whether they were learned. */
export interface Preset {
  readonly id: string;
  readonly name: string;
  readonly about: string;
  /** System prompt; if undefined, the model's own template decides, as for the visitor's own examples. */
  readonly system?: string | undefined;
  readonly rows: readonly { readonly prompt: string; readonly answer: string }[];
  /**
   * The best way to teach it (`npm run bench:presets`): more passes would forget more. No row is held out, since the checks
   * ask what no row asks.
   */
  readonly teach: { readonly epochs: number; readonly learningRate: number };
  /** Questions that no row asks, the most revealing ones first. */
  readonly probes: readonly string[];
  /** What the taught model is asked, and what counts as learned. */
  readonly checks: readonly Check[];
}
