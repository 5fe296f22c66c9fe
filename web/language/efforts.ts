/** The efforts to choose from: settings that suit most examples, with as many passes as make enough steps. */
import type { TeachSettings } from './api.js';

export const EFFORTS = ['quick', 'normal', 'thorough'] as const;
export type Effort = (typeof EFFORTS)[number];

export const EFFORT_NAMES: Readonly<Record<Effort, string>> = {
  quick: 'Quick',
  normal: 'Normal',
  thorough: 'Thorough',
};

/** Largest number of passes: few examples are known by heart before that. */
export const MOST_PASSES = 40;
/** Seconds from which a lesson is long: fewer layers are then taught, unless the visitor chooses all. */
export const LONG_SECONDS = 300;
/** Number of blocks that are taught on a slow device. */
export const FEWER_LAYERS = 8;
/** Fewest rows of which some are held out: below this, every row is worth more in the lesson. */
const LEAST_TO_HOLD_OUT = 20;
const [LEAST_HELD_OUT, MOST_HELD_OUT] = [2, 20];

/** Settings that are the same for each effort. */
export const DEFAULTS: Omit<TeachSettings, 'epochs' | 'learningRate'> = {
  rank: 8,
  alpha: 16,
  batch: 4,
  maxLength: 256,
  seed: 0,
  heldOut: 0.1,
  lastLayers: undefined,
  trainsPrompts: false,
  isMemoryTight: false,
};

/** Steps and rate of each effort: many steps with a smaller rate learn as much, and forget less. */
const COURSES: Readonly<Record<Effort, { readonly steps: number; readonly learningRate: number }>> = {
  quick: { steps: 77, learningRate: 1.5e-3 },
  normal: { steps: 110, learningRate: 1e-3 },
  thorough: { steps: 200, learningRate: 5e-4 },
};

/** @param rows  number of rows that can be taught */
export function settingsOf(effort: Effort, rows: number, others: Partial<TeachSettings> = {}): TeachSettings {
  const settings = { ...DEFAULTS, ...others };
  const { steps, learningRate } = COURSES[effort];
  const passes = Math.round(steps / Math.max(1, stepsOfPass(rows, settings)));
  return { ...settings, learningRate, epochs: Math.min(MOST_PASSES, Math.max(1, passes)) };
}

/** A rate to continue with after another has diverged. */
export const smallerRate = (rate: number) => (rate > 1e-4 ? 1e-4 : rate / 10);

/** Number of rows that are held out to test a lesson. */
export function heldOutRows(rows: number, { heldOut }: Pick<TeachSettings, 'heldOut'>): number {
  if (rows < LEAST_TO_HOLD_OUT || heldOut === 0) return 0;
  return Math.min(MOST_HELD_OUT, Math.max(LEAST_HELD_OUT, Math.round(heldOut * rows)));
}

type Pass = Pick<TeachSettings, 'heldOut' | 'batch'>;

export const stepsOfPass = (rows: number, settings: Pass) =>
  Math.ceil((rows - heldOutRows(rows, settings)) / settings.batch);

export const stepsOf = (rows: number, settings: Pass & Pick<TeachSettings, 'epochs'>) =>
  settings.epochs * stepsOfPass(rows, settings);

/** The effort with these settings; undefined for the visitor's own. */
export function effortOf(settings: TeachSettings, rows: number): Effort | undefined {
  const { isMemoryTight, lastLayers } = settings;
  return EFFORTS.find((effort) => {
    const made = settingsOf(effort, rows, { isMemoryTight, lastLayers });
    return (Object.keys(made) as (keyof TeachSettings)[]).every((name) => made[name] === settings[name]);
  });
}
