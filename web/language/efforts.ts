/** How much is done for a lesson, as a person chooses it: settings that suit most examples, and as many passes as make enough steps. */
import type { TeachSettings } from './api.js';

export const EFFORTS = ['quick', 'normal', 'thorough'] as const;
export type Effort = (typeof EFFORTS)[number];

export const EFFORT_NAMES: Readonly<Record<Effort, string>> = {
  quick: 'Quick',
  normal: 'Normal',
  thorough: 'Thorough',
};

/** Few examples are not gone through more often than this: they are known by heart before. */
export const MOST_PASSES = 40;
/** From here on a lesson is long, and fewer layers are taught unless a person wants all. */
export const LONG_SECONDS = 300;
/** Blocks of the model that are taught where a device is slow. */
export const FEWER_LAYERS = 8;
/** Below it, a row that is held out is missed more than what it tells is worth. */
const LEAST_TO_HOLD_OUT = 20;
const [LEAST_HELD_OUT, MOST_HELD_OUT] = [2, 20];

/** What is the same at each effort. */
export const DEFAULTS: Omit<TeachSettings, 'epochs' | 'learningRate'> = {
  rank: 8,
  alpha: 16,
  batch: 4,
  maxLength: 256,
  seed: 0,
  heldOut: 0.1,
  lastLayers: undefined,
  isMemoryTight: false,
};

/** Many steps reach as far with a smaller rate, and forget less on the way. */
const COURSES: Readonly<Record<Effort, { readonly steps: number; readonly learningRate: number }>> = {
  quick: { steps: 77, learningRate: 1.5e-3 },
  normal: { steps: 110, learningRate: 1e-3 },
  thorough: { steps: 200, learningRate: 5e-4 },
};

/** @param rows  that can be taught */
export function settingsOf(effort: Effort, rows: number, others: Partial<TeachSettings> = {}): TeachSettings {
  const settings = { ...DEFAULTS, ...others };
  const { steps, learningRate } = COURSES[effort];
  const passes = Math.round(steps / Math.max(1, stepsOfPass(rows, settings)));
  return { ...settings, learningRate, epochs: Math.min(MOST_PASSES, Math.max(1, passes)) };
}

/** A rate to go on with where one has diverged. */
export const smallerRate = (rate: number) => (rate > 1e-4 ? 1e-4 : rate / 10);

/** Rows that are kept from a lesson to test it. */
export function heldOutRows(rows: number, { heldOut }: Pick<TeachSettings, 'heldOut'>): number {
  if (rows < LEAST_TO_HOLD_OUT || heldOut === 0) return 0;
  return Math.min(MOST_HELD_OUT, Math.max(LEAST_HELD_OUT, Math.round(heldOut * rows)));
}

type Pass = Pick<TeachSettings, 'heldOut' | 'batch'>;

export const stepsOfPass = (rows: number, settings: Pass) =>
  Math.ceil((rows - heldOutRows(rows, settings)) / settings.batch);

export const stepsOf = (rows: number, settings: Pass & Pick<TeachSettings, 'epochs'>) =>
  settings.epochs * stepsOfPass(rows, settings);

/** The effort whose settings these are; undefined for a person's own. */
export function effortOf(settings: TeachSettings, rows: number): Effort | undefined {
  const { isMemoryTight, lastLayers } = settings;
  return EFFORTS.find((effort) => {
    const made = settingsOf(effort, rows, { isMemoryTight, lastLayers });
    return (Object.keys(made) as (keyof TeachSettings)[]).every((name) => made[name] === settings[name]);
  });
}
