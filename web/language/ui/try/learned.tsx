/** The results of a lesson: the preset's checks, held-out examples, and a general text. */
import { useRef } from 'preact/hooks';
import type { TeachOutcome } from '../../api.js';
import { forgotSentence, learnedSentence } from '../../outcome.js';
import type { Tally } from '../../presets/tally.js';
import { useKeptFocus } from '../keptFocus.js';

/** A run of a preset's checks, which takes a while. */
export interface Checking {
  /** What the checks ask: `10 held-out orders`. */
  readonly asked: string;
  /** Right answers so far. */
  readonly tallies: readonly Tally[];
  /** Progress of a running check. */
  readonly progress: { readonly done: number; readonly of: number } | undefined;
  readonly onCheck: () => void;
  readonly onStop: () => void;
}

interface LearnedProps {
  readonly outcome: TeachOutcome | undefined;
  /** Undefined if the examples are not a preset's. */
  readonly checking: Checking | undefined;
  /** Why nothing can be asked now, as a sentence. */
  readonly obstacle: string | undefined;
}

export function Learned({ outcome, checking, obstacle }: LearnedProps) {
  if (!outcome && !checking) return null;
  return (
    <section class="lm-learned" aria-labelledby="lm-learned">
      <h3 id="lm-learned">What it learned, what it forgot</h3>
      <ul>
        {checking?.tallies.map((tally) => (
          <Line key={tally.name} {...tally} />
        ))}
        {outcome && (
          <>
            <li>
              {outcome.heldOut
                ? learnedSentence(outcome.heldOut)
                : 'No example was held out, so only questions show what it learned.'}
            </li>
            {outcome.general && <li>{forgotSentence(outcome.general)}</li>}
          </>
        )}
      </ul>
      {checking && <CheckPart {...checking} obstacle={obstacle} />}
    </section>
  );
}

const Line = ({ name, before, after, of }: Tally) => (
  <li>
    {sentenceCase(name)}: <strong class="before">{`${before}/${of}`}</strong> before →{' '}
    <strong class="after">{`${after}/${of}`}</strong> after.
  </li>
);

function CheckPart({
  asked,
  progress,
  obstacle,
  onCheck,
  onStop,
}: Checking & Pick<LearnedProps, 'obstacle'>) {
  const place = useRef<HTMLDivElement>(null);
  useKeptFocus(place, progress === undefined);
  const words = progress && `${progress.done} of ${progress.of} answers, before and after`;
  return (
    <div ref={place} class="row lm-check">
      {progress ? (
        <>
          <button key="stop" type="button" class="stop" onClick={onStop}>
            Stop
          </button>
          <progress
            max={progress.of}
            value={progress.done}
            aria-label="Answers checked"
            aria-valuetext={words}
          />
          <span>{words}</span>
        </>
      ) : (
        <button
          key="check"
          type="button"
          aria-disabled={obstacle !== undefined}
          onClick={() => {
            if (obstacle === undefined) onCheck();
          }}
        >
          Check it on {asked}
        </button>
      )}
    </div>
  );
}

const sentenceCase = (text: string) => text.slice(0, 1).toUpperCase() + text.slice(1);
