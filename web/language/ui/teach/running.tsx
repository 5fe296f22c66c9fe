/** A lesson that runs: how far it is, how fast, a way to stop it, and what begins to go wrong. */
import { bestStep, type Course } from '../../curve.js';
import { quarterSentence, runningLine } from './words.js';

export interface RunningProps {
  readonly course: Course;
  readonly isPaused: boolean;
  readonly onStop: () => void;
  readonly onPause: () => void;
  readonly onGoOn: () => void;
  /** Stops; the best values are kept in any case. */
  readonly onStopAtBest: () => void;
}

export function Running(props: RunningProps) {
  const { course, isPaused } = props;
  const { latest } = course;
  return (
    <>
      <div class="lm-running">
        <progress aria-label="How far the lesson is" max={latest?.steps || 1} value={latest?.step ?? 0} />
        <p>{runningLine(course, isPaused)}</p>
        {latest?.notice && <p class="hint">{latest.notice}</p>}
        <div class="row">
          <button type="button" class="stop" onClick={props.onStop}>
            Stop
          </button>
          <button type="button" class="quiet" onClick={isPaused ? props.onGoOn : props.onPause}>
            {isPaused ? 'Go on' : 'Pause'}
          </button>
        </div>
      </div>
      <p class="visually-hidden" role="status">
        {quarterSentence(course)}
      </p>
      <Warning {...props} />
    </>
  );
}

function Warning({ course, onStopAtBest }: RunningProps) {
  const best = bestStep(course);
  return (
    <div role="alert" class="lm-warning">
      {course.latest?.warning === 'memorises' && (
        <div class="message lm-said">
          <span>It begins to memorise.</span>
          <button type="button" onClick={onStopAtBest}>
            Stop at the best{best === undefined ? '' : `: step ${best}`}
          </button>
        </div>
      )}
    </div>
  );
}
