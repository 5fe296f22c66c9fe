import type { Check } from './checks.js';

/** Examples to begin with, and how to tell whether they were learned. */
export interface Preset {
  readonly id: string;
  readonly name: string;
  readonly about: string;
  /** None: the model's own template decides, as it does where the person writes the examples. */
  readonly system?: string | undefined;
  readonly rows: readonly { readonly prompt: string; readonly answer: string }[];
  /**
   * How it is taught best (`npm run bench:presets`): more passes would forget more. None is held out, since the checks ask
   * what no row does.
   */
  readonly teach: { readonly epochs: number; readonly learningRate: number };
  /** Questions that no row asks, the most telling ones first. */
  readonly probes: readonly string[];
  /** What the taught model is asked, and what counts as learned. */
  readonly checks: readonly Check[];
}
