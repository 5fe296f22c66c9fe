import { fetchMnist, mnist } from '../../state.js';

/** All of MNIST, fetched when it is asked for. */
export function Mnist() {
  const state = mnist.value;
  if (state === 'ready') return null;
  if (state === 'absent') {
    return (
      <p class="row">
        <button type="button" class="quiet" onClick={() => void fetchMnist()}>
          Fetch all of MNIST (11 MB)
        </button>
      </p>
    );
  }
  if (state instanceof Error) {
    return (
      <div role="alert" class="message error">
        <span>{state.message}. Drawing and teaching work without it.</span>
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
      <p>{done > 0 && done === total ? 'MNIST is being unpacked' : `MNIST: ${text}`}</p>
    </div>
  );
}
