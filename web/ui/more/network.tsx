import { restoreBase } from '../../actions.js';
import { integer, percent } from '../../format.js';
import { baseTrainedHere } from '../../saved.js';
import { counts } from '../../state.js';
import { busy } from '../../work.js';

export function Network() {
  const { base, images } = counts.value ?? {};
  return (
    <>
      <p>
        Three layers and 235,146 weights,{' '}
        {baseTrainedHere.value ? 'trained here' : 'trained on the 60,000 digits of MNIST'}; teaching never
        changes them. It is a deliberately simple network.
        {base && images && (
          <>
            {' '}
            It reads <strong>{percent(base.accuracy)}</strong> of {integer(images)} test images right.
          </>
        )}
      </p>
      {baseTrainedHere.value && (
        <button
          type="button"
          class="quiet"
          aria-disabled={busy.value}
          onClick={() => {
            if (!busy.value) void restoreBase();
          }}
        >
          Put the original back
        </button>
      )}
    </>
  );
}
