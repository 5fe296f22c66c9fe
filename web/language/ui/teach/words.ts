/** What is said of a lesson before it begins and while it runs. */
import { integer } from '../../../format.js';
import type { Course } from '../../curve.js';
import { about, duration } from '../../duration.js';

type Told = Pick<Course, 'latest'>;

/** From here on a lesson is long, and it is said what helps. */
export const LONG_SECONDS = 300;

export interface Guess {
  /** Undefined while nothing was measured. */
  readonly seconds: number | undefined;
  readonly isOwn: boolean;
  readonly lastLayers: number | undefined;
}

export function estimateSentence({ seconds, isOwn, lastLayers }: Guess): string {
  const said =
    seconds === undefined ? 'the time is measured when you start.' : `${about(seconds)} on this device.`;
  const first = isOwn ? `Your own settings: ${said}` : said[0].toUpperCase() + said.slice(1);
  const layers = lastLayers === undefined ? '' : ` Only the last ${lastLayers} layers are taught.`;
  const screen = seconds !== undefined && seconds > LONG_SECONDS ? ' Keep the screen on.' : '';
  return first + layers + screen;
}

const stepOf = ({ latest }: Told) => (latest ? `step ${latest.step} of ${latest.steps}` : 'the beginning');

export function runningLine(course: Told, isPaused: boolean): string {
  const { latest } = course;
  if (latest?.isMeasuring) return 'The steps are over: what it forgot is being measured …';
  if (isPaused) return `Paused at ${stepOf(course)}.`;
  if (!latest || latest.step === 0) return 'The model answers as it is, then it learns …';
  const left = latest.secondsLeft === undefined ? '' : `${duration(latest.secondsLeft)} left, `;
  return `Step ${latest.step} of ${latest.steps}, ${left}${integer(latest.tokensPerSecond)} tok/s`;
}

/** Changes at each quarter only, so that it is not said at each step. */
export function quarterSentence({ latest }: Told): string {
  if (!latest) return 'The lesson begins.';
  const quarters = Math.floor((4 * latest.step) / (latest.steps || 1));
  return quarters === 0 ? 'The lesson begins.' : `${25 * quarters} % of the lesson is done.`;
}
