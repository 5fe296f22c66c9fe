/** How the learning rate goes over a training. */
import { checkOptions, type OptionNames } from '../base/options.js';

export interface Schedule {
  /** After the warm-up: as it is, down to 0 in a straight line, or down to 0 along half a cosine wave. */
  readonly kind: 'constant' | 'linear' | 'cosine';
  /** Iterations over which it first rises from 0 in a straight line; default 0. */
  readonly warmup?: number;
}

const NAMES: OptionNames<Schedule> = { kind: true, warmup: true };

/** @throws RangeError for a kind or a warm-up that cannot be, TypeError for an option that does not exist */
export function checkSchedule(schedule: Schedule): void {
  checkOptions('schedule', schedule, NAMES);
  const { kind, warmup = 0 } = schedule;
  if (!['constant', 'linear', 'cosine'].includes(kind)) {
    throw new RangeError(`schedule: kind must be one of constant, linear, cosine: ${kind}`);
  }
  if (!Number.isInteger(warmup) || warmup < 0) {
    throw new RangeError(`schedule: warmup must be an integer from 0 on: ${warmup}`);
  }
}

/**
 * What the learning rate is multiplied by: step / warmup in the warm-up; then, with p the part of the rest that is done,
 * 1, 1 − p or (1 + cos πp) / 2.
 * @param step   from 0 on
 * @param total  steps in all
 * @see https://huggingface.co/docs/transformers/main_classes/optimizer_schedules
 */
export function learningRateFactor(schedule: Schedule, step: number, total: number): number {
  checkSchedule(schedule);
  const { kind, warmup = 0 } = schedule;
  if (step < warmup) return step / warmup;
  const progress = Math.min(1, (step - warmup) / Math.max(1, total - warmup));
  if (kind === 'constant') return 1;
  return kind === 'linear' ? 1 - progress : (1 + Math.cos(Math.PI * progress)) / 2;
}
