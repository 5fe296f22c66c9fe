import { computed, signal } from '@preact/signals';
import { acceptBase, discardBase, trainBase } from '../../actions.js';
import { percent } from '../../format.js';
import { adapter } from '../../saved.js';
import { candidate, counts, hasMnist, isCandidateShown } from '../../state.js';
import { busy } from '../../work.js';
import { Training } from '../training.js';

const epochs = signal(1);
const canTrain = computed(() => !busy.value && hasMnist.value);

export function Scratch() {
  return (
    <>
      <p>
        This trains all 235,146 weights, from random values. Your network and adapter stay as they are until
        you decide to use the new one.
      </p>
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          if (canTrain.value) void trainBase(epochs.value);
        }}
      >
        <label>
          Passes over the 60,000 training digits
          <select
            value={epochs.value}
            onChange={(event) => {
              epochs.value = Number(event.currentTarget.value);
            }}
          >
            {[1, 2, 3, 5].map((value) => (
              <option key={value} value={value}>
                {value}
              </option>
            ))}
          </select>
        </label>
        <button type="submit" aria-disabled={!canTrain.value}>
          Train from scratch
        </button>
        {!hasMnist.value && <p class="hint">This requires all of MNIST, which you can download above.</p>}
      </form>
      <Training of="base" />
      <Decision />
    </>
  );
}

/** The choice between the new network and the present one. */
function Decision() {
  const shown = isCandidateShown.value ? candidate.value : undefined;
  const now = counts.value?.base;
  return (
    <div role="status">
      {shown && (
        <>
          <p>
            The new network{shown.stopped && ', stopped early,'} reads{' '}
            <strong>{percent(shown.scores.accuracy)}</strong> of the test images right
            {now && <>; the one you have reads {percent(now.accuracy)}</>}.
            {adapter.value && ' Your adapter belongs to the one you have, and would be removed with it.'}
          </p>
          <div class="row">
            <button
              type="button"
              aria-disabled={busy.value}
              onClick={() => {
                if (!busy.value) void acceptBase();
              }}
            >
              Use the new network
            </button>
            <button
              type="button"
              class="quiet"
              aria-disabled={busy.value}
              onClick={() => {
                if (!busy.value) discardBase();
              }}
            >
              Keep the one I have
            </button>
          </div>
        </>
      )}
    </div>
  );
}
