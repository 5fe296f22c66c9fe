/** Schedules of the learning rate over a training run. */
import { checkOptions, type OptionNames } from '../base/options.js';

export interface Schedule {
  /** Course after the warm-up: constant, linear down to 0, or down to 0 along half a cosine wave. */
  readonly kind: 'constant' | 'linear' | 'cosine';
  /** Number of iterations over which the learning rate first rises linearly from 0. Default 0. */
  readonly warmup?: number;
}

const NAMES: OptionNames<Schedule> = { kind: true, warmup: true };

/** @throws RangeError for an unknown kind or an invalid warm-up, TypeError for an option that does not exist */
export function checkSchedule(schedule: Schedule): void {
  checkOptions('schedule', schedule, NAMES);
  const { kind, warmup = 0 } = schedule;
  if (!['constant', 'linear', 'cosine'].includes(kind)) {
    throw new RangeError(`schedule: kind must be one of constant, linear, cosine: ${kind}`);
  }
  if (!Number.isInteger(warmup) || warmup < 0) {
    throw new RangeError(`schedule: warmup must be a non-negative integer: ${warmup}`);
  }
}

/**
 * Factor of the learning rate: step / warmup in the warm-up; then, with p the completed fraction of the rest,
 * 1, 1 − p or (1 + cos πp) / 2.
 * @param step   number of the step, starting from 0
 * @param total  total number of steps
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
