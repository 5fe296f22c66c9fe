import { computed, signal } from '@preact/signals';
import {
  baseTrainedHere,
  busy,
  fetchMnist,
  hasData,
  mnist,
  restoreBase,
  scores,
  trainBase,
} from '../state.js';
import { integer, percent } from './format.js';
import { Panel } from './panel.js';
import { Training } from './training.js';

const epochs = signal(1);
const canTrain = computed(() => !busy.value && hasData.value);

export function BasePanel() {
  const base = scores.value?.base;
  return (
    <Panel id="base" step={1} title="The base model">
      <p>
        Three layers, 235,146 numbers,{' '}
        {baseTrainedHere.value ? 'trained here' : 'trained on 60,000 digits of MNIST'}.
        {base && (
          <>
            {' '}
            It reads <strong>{percent(base.accuracy)}</strong> of 10,000 test images right.
          </>
        )}
      </p>
      <Data />
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          if (canTrain.value) void trainBase(epochs.value);
        }}
      >
        <label>
          Times through MNIST
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
        {baseTrainedHere.value && (
          <button type="button" class="quiet" disabled={busy.value} onClick={() => void restoreBase()}>
            Take the page's own again
          </button>
        )}
      </form>
      <Training of="base" />
    </Panel>
  );
}

/** How the images of MNIST arrive. */
function Data() {
  const state = mnist.value;
  if (state === 'ready') return null;
  if (state instanceof Error) {
    return (
      <div role="alert" class="message error">
        <span>{state.message}. Drawing works without it; teaching and counting want MNIST.</span>
        <button type="button" onClick={() => void fetchMnist()}>
          Try again
        </button>
      </div>
    );
  }
  const { done, total } = state;
  const text = total > 0 ? `${(done / 1e6).toFixed(1)} of ${(total / 1e6).toFixed(1)} MB` : '…';
  return (
    <div class="progress">
      <progress aria-label="Download of MNIST" max={total || 1} value={done} />
      <p>{done > 0 && done === total ? `MNIST is unpacked (${integer(total)} bytes)` : `MNIST: ${text}`}</p>
    </div>
  );
}
