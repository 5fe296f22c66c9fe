/** A running lesson: its progress, its speed, a way to stop it, and warnings. */
import { bestStep, type Course } from '../../curve.js';
import { announcement, runningLine } from './words.js';

export interface RunningProps {
  readonly course: Course;
  readonly isPaused: boolean;
  /** Whether it was told to stop and has not ended yet. */
  readonly isStopping: boolean;
  readonly onStop: () => void;
  readonly onPause: () => void;
  readonly onGoOn: () => void;
  /** Stops, and keeps the values that did best on the held-out rows. */
  readonly onStopAtBest: () => void;
  /** Skips the measurements after the steps. */
  readonly onSkip: () => void;
}

export function Running(props: RunningProps) {
  const { course, isPaused, isStopping } = props;
  const { latest } = course;
  return (
    <>
      <div class="lm-running">
        <progress aria-label="Progress of the lesson" max={latest?.steps || 1} value={latest?.step ?? 0} />
        <p>{runningLine(course, { isPaused, isStopping })}</p>
        {latest?.notice && <p class="hint">{latest.notice}</p>}
        <div class="row">
          <End {...props} />
          {!latest?.isMeasuring && !isStopping && (
            <button type="button" class="quiet" onClick={isPaused ? props.onGoOn : props.onPause}>
              {isPaused ? 'Go on' : 'Pause'}
            </button>
          )}
        </div>
      </div>
      <p class="visually-hidden" role="status">
        {announcement(course, isStopping)}
      </p>
      <Warning {...props} />
    </>
  );
}

/** One button that ends the steps, or the measurements after them; it stays in place, and keeps the keyboard focus. */
function End({ course, isStopping, onStop, onSkip }: RunningProps) {
  const isMeasuring = course.latest?.isMeasuring;
  const end = isMeasuring ? onSkip : onStop;
  return (
    <button
      type="button"
      class={isMeasuring ? 'quiet' : 'stop'}
      aria-disabled={isStopping}
      onClick={() => !isStopping && end()}
    >
      {isStopping ? 'Stopping …' : isMeasuring ? 'Skip this' : 'Stop'}
    </button>
  );
}

function Warning({ course, isStopping, onStopAtBest }: RunningProps) {
  const best = bestStep(course);
  return (
    <div role="alert" class="lm-warning">
      {course.latest?.warning === 'memorises' && best !== undefined && !course.latest.isMeasuring && (
        <div class="message lm-said">
          <span>It begins to memorise.</span>
          <button type="button" aria-disabled={isStopping} onClick={() => !isStopping && onStopAtBest()}>
            Stop at the best: step {best}
          </button>
        </div>
      )}
    </div>
  );
}
