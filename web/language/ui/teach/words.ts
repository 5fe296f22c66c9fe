/** The words about a lesson before it starts and while it runs. */
import { integer } from '../../../format.js';
import type { Course } from '../../curve.js';
import { about, duration } from '../../duration.js';
import { LONG_SECONDS } from '../../efforts.js';

type Told = Pick<Course, 'latest'>;

export interface Guess {
  /** Undefined until it is measured. */
  readonly seconds: number | undefined;
  readonly isOwn: boolean;
  readonly lastLayers: number | undefined;
  /** Seconds with all layers, if fewer were chosen to save time. */
  readonly insteadOf?: number | undefined;
}

export function estimateSentence({ seconds, isOwn, lastLayers, insteadOf }: Guess): string {
  const said =
    seconds === undefined ? 'the time is measured when you start.' : `${about(seconds)} on this device.`;
  const first = isOwn ? `Your own settings: ${said}` : sentenceCase(said);
  const taught = `only the last ${lastLayers} layers are taught.`;
  const layers =
    lastLayers === undefined
      ? ''
      : insteadOf === undefined
        ? ` ${sentenceCase(taught)}`
        : ` All layers would take ${about(insteadOf)}, so ${taught}`;
  const screen = seconds !== undefined && seconds > LONG_SECONDS ? ' Keep the screen on.' : '';
  return first + layers + screen;
}

const sentenceCase = (text: string) => text[0].toUpperCase() + text.slice(1);

const stepOf = ({ latest }: Told) => (latest ? `step ${latest.step} of ${latest.steps}` : 'the beginning');

export function runningLine(
  course: Told,
  { isPaused, isStopping }: { readonly isPaused: boolean; readonly isStopping: boolean },
): string {
  const { latest } = course;
  if (isStopping) return `Stopping at ${stepOf(course)} …`;
  if (latest?.isMeasuring) return 'The steps are done. Measuring what it forgot …';
  if (isPaused) return `Paused at ${stepOf(course)}.`;
  if (!latest || latest.step === 0) return 'First the model answers untaught, then it learns …';
  const left = latest.secondsLeft === undefined ? '' : `${duration(latest.secondsLeft)} left, `;
  return `Step ${latest.step} of ${latest.steps}, ${left}${integer(latest.tokensPerSecond)} tok/s`;
}

/** Text for screen readers, which changes at each quarter, not at each step. */
export function announcement({ latest }: Told, isStopping: boolean): string {
  if (isStopping) return 'Stopping …';
  if (!latest) return 'The lesson begins.';
  if (latest.isMeasuring) return 'The steps are done. Measuring what it forgot.';
  const quarters = Math.floor((4 * latest.step) / (latest.steps || 1));
  return quarters === 0 ? 'The lesson begins.' : `${25 * quarters} % of the lesson is done.`;
}
