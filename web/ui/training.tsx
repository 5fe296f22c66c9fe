/** A training run: its progress, speed and losses, and a way to stop it. */

import { stop } from '../actions.js';
import { LossChart } from '../charts/lossChart.js';
import { count, integer } from '../format.js';
import { losses, progress } from '../state.js';
import { work } from '../work.js';
import '../styles/training.css';

export function Training({ of }: { readonly of: 'base' | 'teaching' }) {
  const { of: shown, points } = losses.value;
  const report = work.value === of ? progress.value : undefined;
  const curve = shown === of ? points : [];
  return (
    <div class={`training ${of}`}>
      <div class="run">
        {report ? (
          <Run label={of === 'base' ? 'Training the network' : 'Teaching'} {...report} />
        ) : (
          <Ran steps={curve.at(-1)?.[0]} />
        )}
      </div>
      {curve.length > 1 && <LossChart points={curve} steps={report?.iterations} />}
    </div>
  );
}

function Run(props: {
  readonly label: string;
  readonly iteration: number;
  readonly iterations: number;
  readonly perSecond: number;
}) {
  const { label, iteration, iterations, perSecond } = props;
  return (
    <div class="progress">
      <progress aria-label={label} max={iterations || 1} value={iteration} />
      <p>
        {iterations === 0
          ? 'Starting …'
          : `${integer(iteration)} of ${integer(iterations)} steps, ${integer(perSecond)} a second`}
      </p>
      <button type="button" class="stop" onClick={stop}>
        Stop
      </button>
    </div>
  );
}

function Ran({ steps }: { readonly steps: number | undefined }) {
  return (
    <p class="hint">{steps === undefined ? '' : `The last training run took ${count(steps, 'step')}.`}</p>
  );
}
