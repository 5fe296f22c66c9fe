import { computed, signal } from '@preact/signals';
import { acceptBase, discardBase, trainBase } from '../actions.js';
import { percent } from '../format.js';
import { adapter } from '../saved.js';
import { candidate, counts, hasMnist } from '../state.js';
import { busy } from '../work.js';
import { Panel } from './panel.js';
import { Training } from './training.js';

const epochs = signal(1);
const canTrain = computed(() => !busy.value && hasMnist.value);

export function ScratchPanel() {
  return (
    <Panel id="scratch" step={7} title="Train a network yourself">
      <p>
        This trains all 235,146 numbers, from random values, on the 60,000 digits of MNIST. Your network and
        adapter stay as they are until you decide to use the new one.
      </p>
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          if (canTrain.value) void trainBase(epochs.value);
        }}
      >
        <label>
          Passes over MNIST
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
      </form>
      <Training of="base" />
      <Decision />
    </Panel>
  );
}

/** Whether the new network takes the place of the one there is. */
function Decision() {
  const shown = candidate.value;
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
            <button type="button" disabled={busy.value} onClick={() => void acceptBase()}>
              Use the new network
            </button>
            <button type="button" class="quiet" disabled={busy.value} onClick={() => void discardBase()}>
              Keep the one I have
            </button>
          </div>
        </>
      )}
    </div>
  );
}
