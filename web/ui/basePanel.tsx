import { restoreBase } from '../actions.js';
import { integer, percent } from '../format.js';
import { baseTrainedHere } from '../saved.js';
import { counts, fetchMnist, mnist } from '../state.js';
import { busy } from '../work.js';
import { Panel } from './panel.js';

export function BasePanel() {
  const base = counts.value?.base;
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
      {baseTrainedHere.value && (
        <button type="button" class="quiet" disabled={busy.value} onClick={() => void restoreBase()}>
          Put the original network back
        </button>
      )}
    </Panel>
  );
}

/** How the images of MNIST arrive. */
function Data() {
  const state = mnist.value;
  if (state === 'ready' || state === 'absent') return null;
  if (state instanceof Error) {
    return (
      <div role="alert" class="message error">
        <span>
          {state.message}. Without MNIST you can draw and teach your own drawings; its digits, old examples
          and the counts need it.
        </span>
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
