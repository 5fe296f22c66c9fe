/** The course of a lesson so far, gathered from its reports. */
import type { ProbeStop, TeachReport } from './api.js';

type Points = readonly (readonly [step: number, loss: number])[];

export interface Course {
  readonly losses: Points;
  readonly heldOut: Points;
  readonly stops: readonly ProbeStop[];
  /** The latest report; undefined before the first. */
  readonly latest: TeachReport | undefined;
}

export const NO_COURSE: Course = { losses: [], heldOut: [], stops: [], latest: undefined };

export function withReport(course: Course, report: TeachReport): Course {
  return {
    losses: [...course.losses, ...report.losses],
    heldOut: [...course.heldOut, ...report.heldOut],
    stops: [...course.stops, ...report.probes],
    latest: report,
  };
}

/** The loss of the base: on the held-out rows if there are any, otherwise in the first step, before anything changed. */
export function lossBefore({ losses, heldOut }: Pick<Course, 'losses' | 'heldOut'>): number | undefined {
  return heldOut.find(([step]) => step === 0)?.[1] ?? losses[0]?.[1];
}

/** The step with the lowest held-out loss; undefined before the first measurement after the start. */
export function bestStep({ heldOut }: Pick<Course, 'heldOut'>): number | undefined {
  const since = heldOut.filter(([step, loss]) => step > 0 && Number.isFinite(loss));
  if (since.length === 0) return undefined;
  return since.reduce((best, each) => (each[1] < best[1] ? each : best))[0];
}

/** Running mean of the losses: a single batch says little. */
export function meanLosses(losses: Points): Points {
  const half = Math.min(5, Math.floor(losses.length / 4));
  return losses.map(([step], i) => {
    const near = losses.slice(Math.max(0, i - half), i + half + 1);
    return [step, near.reduce((sum, [, loss]) => sum + loss, 0) / near.length];
  });
}
