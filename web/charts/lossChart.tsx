import type { Progress } from '../lab/views.js';
import { lossCurve } from './geometry.js';
import { Plot } from './plot.js';

/** The loss over the steps of a training. */
export function LossChart({ points }: { readonly points: Progress['losses'] }) {
  const { line, now, ...ticks } = lossCurve(points);
  const caption = (
    <>
      Loss <strong>{now}</strong>
      <span>: how wrong its answers are, step by step</span>
    </>
  );
  return (
    <Plot label={`Loss over the steps, now ${now}`} caption={caption} {...ticks}>
      <polyline class="loss" points={line} />
    </Plot>
  );
}
