/** The share of old digits to mix in, with a button to try it at once. */

interface ReplayProps {
  /** Old digits mixed in, in percent; the last lesson had `taughtReplay`, also in percent. */
  readonly replay: number;
  readonly taughtReplay: number | undefined;
  readonly onReplay: (percent: number) => void;
  readonly onTeachAgain: () => void;
  readonly canTeach: boolean;
  readonly busy: boolean;
}

export function Replay({ replay, taughtReplay, onReplay, onTeachAgain, canTeach, busy }: ReplayProps) {
  const isOff = !canTeach || busy;
  const isOther = taughtReplay !== undefined && taughtReplay !== replay;
  return (
    <div class="replay">
      <div class="replay-slider">
        <p class="replay-label">
          <label for="replay">Old digits mixed in</label>: <strong>{replay} %</strong>
          {replay > 0 && '. So it does not forget.'}
        </p>
        <input
          id="replay"
          type="range"
          min={0}
          max={90}
          step={5}
          value={replay}
          aria-valuetext={`${replay} percent`}
          aria-describedby="replay-hint"
          onInput={({ currentTarget: { valueAsNumber } }) => onReplay(valueAsNumber)}
        />
        <p id="replay-hint" class="hint">
          {replay === 0
            ? 'With no old digits mixed in, it learns yours and forgets others: try it.'
            : `Of every 100 images it practises on, ${replay} are ordinary digits that other people wrote.`}
        </p>
      </div>
      <div class="replay-again">
        <button
          type="button"
          class={`primary ${isOther && !isOff ? 'emphasised' : ''}`}
          aria-disabled={isOff}
          onClick={() => {
            if (!isOff) onTeachAgain();
          }}
        >
          Teach again
        </button>
        <p class="hint">{hintOf(taughtReplay, canTeach)}</p>
      </div>
    </div>
  );
}

function hintOf(taughtReplay: number | undefined, canTeach: boolean): string {
  if (!canTeach) return 'Teach it a digit first.';
  return taughtReplay === undefined ? '' : `Last taught with ${taughtReplay} %.`;
}
