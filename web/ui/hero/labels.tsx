/** Ten buttons that show how likely each digit is, and teach: one tap says what the drawing is. */
import { teachThis } from '../../actions.js';
import { answer } from '../../answer.js';
import { DIGITS, shareText } from '../../format.js';
import { adapter } from '../../saved.js';
import { drawn, prediction, ready } from '../../state.js';
import { busy } from '../../work.js';

export function Labels() {
  const canTeach = ready.value && drawn.value !== undefined && !busy.value;
  const { probabilities, digit: best, side } = answer.value;
  const { base, adapted } = prediction.value ?? {};
  return (
    <fieldset class="labels">
      <legend>Wrong? Tell it: this is a …</legend>
      {DIGITS.map((digit) => (
        <button
          key={digit}
          type="button"
          class={digit === best ? 'label best' : 'label'}
          aria-describedby={`share-${digit}`}
          aria-disabled={!canTeach}
          onClick={() => {
            if (canTeach) void teachThis(digit);
          }}
        >
          <span class="meter" aria-hidden="true">
            <Fill kind="base" value={side === 'new' ? probabilities?.[digit] : base?.[digit]} />
            {side !== 'new' && (adapter.value || adapted) && <Fill kind="adapted" value={adapted?.[digit]} />}
          </span>
          <span class="label-name">
            <span class="visually-hidden">This is a </span>
            {digit}
          </span>
          <span class="label-share" id={`share-${digit}`} aria-hidden="true">
            {probabilities ? shareText(probabilities, digit) : ''}
          </span>
        </button>
      ))}
    </fieldset>
  );
}

function Fill({ kind, value }: { readonly kind: 'base' | 'adapted'; readonly value: number | undefined }) {
  return <span class={`fill ${kind}`} style={{ transform: `scaleY(${value ?? 0})` }} />;
}
