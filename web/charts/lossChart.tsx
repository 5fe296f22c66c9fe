import type { Progress } from '../lab/views.js';
import { lossCurve } from './geometry.js';
import { Plot } from './plot.js';

interface LossChartProps {
  readonly points: Progress['losses'];
  /** Steps of a running training; if undefined, the axis ends at the last point. */
  readonly steps?: number | undefined;
}

/** The loss over the steps of a training run. */
export function LossChart({ points, steps }: LossChartProps) {
  const { line, now, ...ticks } = lossCurve(points, steps);
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
