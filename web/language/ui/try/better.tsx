/** From an answer that is no good to an example. */
import { useId, useState } from 'preact/hooks';

/** In a box of 24. */
const THUMB_DOWN = 'M7 3v11m0-11h9.5l3 7.5V14H14l1 6-2 1-6-7H3V3z';

interface BetterProps {
  readonly prompt: string;
  readonly onNewRow: (prompt: string, answer: string) => void;
}

export function Better({ prompt, onNewRow }: BetterProps) {
  const [state, setState] = useState<'closed' | 'open' | 'taken'>('closed');
  const [answer, setAnswer] = useState('');
  const field = useId();
  if (state === 'taken')
    return (
      <p class="hint" role="status">
        It is a new example: teach it again.
      </p>
    );
  if (state === 'closed')
    return (
      <button type="button" class="quiet lm-thumb" onClick={() => setState('open')}>
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <path d={THUMB_DOWN} />
        </svg>
        Not a good answer
      </button>
    );
  return (
    <form
      class="lm-better"
      onSubmit={(event) => {
        event.preventDefault();
        if (answer.trim() === '') return;
        onNewRow(prompt, answer.trim());
        setState('taken');
      }}
    >
      <label for={field}>What should it have said?</label>
      <textarea
        id={field}
        rows={2}
        value={answer}
        ref={(node) => node?.focus()}
        onInput={({ currentTarget }) => setAnswer(currentTarget.value)}
      />
      <div class="row">
        <button type="submit" class="primary" aria-disabled={answer.trim() === ''}>
          Add to the examples
        </button>
        <button type="button" class="quiet" onClick={() => setState('closed')}>
          Cancel
        </button>
      </div>
    </form>
  );
}
