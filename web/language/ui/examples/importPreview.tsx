/** What an import would add, and what it would leave out. */
import { useState } from 'preact/hooks';
import { count, integer } from '../../../format.js';
import type { BadPlace } from '../../examples/plainText.js';
import type { Imported } from '../../examples/readImport.js';
import { MOST_ROWS, type Pair } from '../../examples/rows.js';
import type { Taken } from './props.js';

interface ImportPreviewProps {
  readonly found: Imported;
  /** Whether another source is being read now, so that this one cannot be added any more. */
  readonly isReading: boolean;
  /** Number of rows that are not blank. */
  readonly filled: number;
  readonly hasHeading: boolean;
  readonly onHasHeading: (hasHeading: boolean) => void;
  readonly onTake: (taken: Taken) => void;
}

const SHOWN = 3;

export function ImportPreview(props: ImportPreviewProps) {
  const { found, isReading, filled, hasHeading, onHasHeading, onTake } = props;
  const [usesSystem, setUsesSystem] = useState(true);
  const { pairs, total, bad, badTotal, notes, system, format, mayHaveHeading } = found;
  const room = MOST_ROWS - filled;
  const take = (isReplacing: boolean) => {
    if (!isReading) onTake({ pairs, isReplacing, system: usesSystem ? system : undefined });
  };
  return (
    <div class="examples-preview">
      <p role="status">
        <strong>{count(total, 'example')}</strong> · {format}
      </p>
      <FirstRows pairs={pairs} total={total} />
      {mayHaveHeading && (
        <Check isOn={hasHeading} onChange={onHasHeading}>
          The first row names the columns
        </Check>
      )}
      {system !== undefined && (
        <Check isOn={usesSystem} onChange={setUsesSystem}>
          Use their system prompt for all: “{system}”
        </Check>
      )}
      {notes.map((note) => (
        <p key={note}>{note}</p>
      ))}
      {bad.length > 0 && <BadLines bad={bad} total={badTotal} />}
      {total > room && (
        <p>
          The table holds {MOST_ROWS} and already has {integer(filled)}: the last {integer(total - room)} of
          these are left out.
        </p>
      )}
      <TakeButtons
        pairs={pairs.length}
        bad={badTotal}
        room={room}
        filled={filled}
        isReading={isReading}
        onTake={take}
      />
    </div>
  );
}

function FirstRows({ pairs, total }: { readonly pairs: readonly Pair[]; readonly total: number }) {
  const more = total - SHOWN;
  return (
    <>
      <ol class="examples-first">
        {pairs.slice(0, SHOWN).map(({ prompt, answer }, i) => (
          <li key={i}>
            <span class="examples-first-prompt">{prompt.trim() === '' ? '(no prompt)' : prompt}</span>
            <span class="visually-hidden">: </span>
            <span>{answer}</span>
          </li>
        ))}
      </ol>
      {more > 0 && <p class="hint">and {integer(more)} more</p>}
    </>
  );
}

interface CheckProps {
  readonly isOn: boolean;
  readonly onChange: (isOn: boolean) => void;
  readonly children: preact.ComponentChildren;
}

function Check({ isOn, onChange, children }: CheckProps) {
  return (
    <label class="examples-check">
      <input
        type="checkbox"
        checked={isOn}
        onChange={({ currentTarget }) => onChange(currentTarget.checked)}
      />
      <span>{children}</span>
    </label>
  );
}

function BadLines({ bad, total }: { readonly bad: readonly BadPlace[]; readonly total: number }) {
  const [isShown, setIsShown] = useState(false);
  const more = total - bad.length;
  return (
    <div class="examples-bad">
      <p>
        {words(bad[0])} {total > 1 && `${integer(total - 1)} more cannot be read either.`}
      </p>
      {bad.length > 1 && (
        <button type="button" class="quiet" aria-expanded={isShown} onClick={() => setIsShown(!isShown)}>
          {isShown ? 'Hide' : 'Show'}
        </button>
      )}
      {isShown && (
        <ul>
          {bad.map((each, i) => (
            <li key={i}>{words(each)}</li>
          ))}
          {more > 0 && <li>and {integer(more)} more</li>}
        </ul>
      )}
    </div>
  );
}

const words = ({ line, why }: BadPlace) => `Line ${line}: ${why}.`;

interface TakeButtonsProps {
  readonly pairs: number;
  readonly bad: number;
  readonly room: number;
  readonly filled: number;
  readonly isReading: boolean;
  readonly onTake: (isReplacing: boolean) => void;
}

function TakeButtons({ pairs, bad, room, filled, isReading, onTake }: TakeButtonsProps) {
  const skip = bad > 0 ? `Skip ${count(bad, 'bad line')}, ` : '';
  const added = count(Math.min(pairs, room), 'example');
  return (
    <div class="row examples-take">
      {room > 0 && (
        <button type="button" class="primary" aria-disabled={isReading} onClick={() => onTake(false)}>
          {skip ? `${skip}add ${added}` : `Add ${added}`}
        </button>
      )}
      {filled > 0 && (
        <button type="button" aria-disabled={isReading} onClick={() => onTake(true)}>
          {skip ? `${skip}replace` : 'Replace'} the {count(filled, 'example')} in the table
        </button>
      )}
    </div>
  );
}
