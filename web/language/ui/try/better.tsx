/** Turns a bad answer into an example. */
import { useId, useRef, useState } from 'preact/hooks';
import { useKeptFocus } from '../keptFocus.js';

/** SVG path in a box of 24. */
const THUMB_DOWN = 'M7 3v11m0-11h9.5l3 7.5V14H14l1 6-2 1-6-7H3V3z';

interface BetterProps {
  readonly prompt: string;
  readonly onNewRow: (prompt: string, answer: string) => void;
}

export function Better({ prompt, onNewRow }: BetterProps) {
  const [state, setState] = useState<'closed' | 'open' | 'taken'>('closed');
  const place = useRef<HTMLDivElement>(null);
  useKeptFocus(place, state);
  const take = (answer: string) => {
    onNewRow(prompt, answer);
    setState('taken');
  };
  return (
    <div ref={place}>
      {state === 'closed' && (
        <button key="closed" type="button" class="quiet lm-thumb" onClick={() => setState('open')}>
          <svg viewBox="0 0 24 24" aria-hidden="true">
            <path d={THUMB_DOWN} />
          </svg>
          Not a good answer
        </button>
      )}
      {state === 'open' && <BetterForm onTake={take} onCancel={() => setState('closed')} />}
      {state === 'taken' && (
        <p class="hint" tabIndex={-1}>
          It is one of the examples now: teach again to use it.
        </p>
      )}
    </div>
  );
}

interface BetterFormProps {
  readonly onTake: (answer: string) => void;
  readonly onCancel: () => void;
}

function BetterForm({ onTake, onCancel }: BetterFormProps) {
  const [answer, setAnswer] = useState('');
  const field = useId();
  return (
    <form
      class="lm-better"
      onSubmit={(event) => {
        event.preventDefault();
        if (answer.trim() !== '') onTake(answer.trim());
      }}
    >
      <label for={field}>What should it have said?</label>
      <textarea
        id={field}
        rows={2}
        value={answer}
        onInput={({ currentTarget }) => setAnswer(currentTarget.value)}
      />
      <div class="row">
        <button type="submit" class="primary" aria-disabled={answer.trim() === ''}>
          Add to the examples
        </button>
        <button type="button" class="quiet" onClick={onCancel}>
          Cancel
        </button>
      </div>
    </form>
  );
}
