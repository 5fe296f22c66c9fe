/** A line about what to do next, the running lesson, or the latest one. */
import { lesson, stop, undoLesson } from '../../actions.js';
import { count, integer } from '../../format.js';
import { adapter } from '../../saved.js';
import { drawn, progress, ready } from '../../state.js';
import { secondsOf } from '../../taught.js';
import { busy, work } from '../../work.js';

export function LessonLine() {
  const isTeaching = work.value === 'teaching';
  const last = lesson.value;
  return (
    <div class="lesson">
      <p role="status">{isTeaching ? 'It is learning …' : last ? learned(last) : hint()}</p>
      {isTeaching && <Running />}
      {!isTeaching && last && (
        <button type="button" class="quiet" aria-disabled={busy.value} onClick={() => void undoLesson()}>
          Undo
        </button>
      )}
    </div>
  );
}

function Running() {
  const { iteration, iterations } = progress.value ?? { iteration: 0, iterations: 1 };
  return (
    <>
      <progress aria-label="Progress of the lesson" max={iterations || 1} value={iteration} />
      <button type="button" class="stop" onClick={stop}>
        Stop
      </button>
    </>
  );
}

function learned({ label, seconds, drawings, reads }: NonNullable<typeof lesson.value>): string {
  const view = adapter.value;
  if (!view) return '';
  if (reads !== label) {
    const still = reads === undefined ? 'still cannot tell what it is' : `still reads a ${reads}`;
    return `It practised your ${label} for ${secondsOf(seconds)}, and ${still}. Draw it in one or two other ways and teach those too.`;
  }
  const from = drawings === 1 ? 'one drawing' : count(drawings, 'drawing');
  return (
    `It learned your ${label} from ${from} in ${secondsOf(seconds)}: ${integer(view.trainable)} new numbers. ` +
    'The 235,146 old ones were not touched.'
  );
}

function hint(): string {
  if (!ready.value) return busy.value ? 'The network is loading.' : 'The network is not loaded yet.';
  if (!drawn.value) return 'Draw a digit, or let a sample draw itself.';
  if (adapter.value) return 'Wrong? One tap teaches it this one too.';
  return 'Is it wrong? One tap teaches it, from this one drawing, right on this device.';
}
