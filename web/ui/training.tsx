/** A training that runs: how far it is, how fast, its losses, and a way to stop it. */

import { stop } from '../actions.js';
import { LossChart } from '../charts/lossChart.js';
import { integer } from '../format.js';
import { losses, progress } from '../state.js';
import { work } from '../work.js';

export function Training({ of }: { readonly of: 'base' | 'teaching' }) {
  const runs = work.value === of;
  const { of: shown, points } = losses.value;
  const report = progress.value;
  return (
    <>
      {runs && report && (
        <div class="progress">
          <progress
            aria-label={of === 'base' ? 'Training of the base' : 'Teaching'}
            max={report.iterations || 1}
            value={report.iteration}
          />
          <p>
            {integer(report.iteration)} of {integer(report.iterations)} iterations,{' '}
            {integer(report.perSecond)} a second
          </p>
          <button type="button" class="stop" onClick={stop}>
            Stop
          </button>
        </div>
      )}
      {shown === of && points.length > 1 && <LossChart points={points} />}
    </>
  );
}
