import { Plot } from '../../../charts/plot.js';
import type { Course } from '../../curve.js';
import { lessonGeometry } from './lessonGeometry.js';

interface LessonChartProps {
  readonly course: Course;
  readonly steps: number;
  /** Whether the lesson runs: on a phone the chart is then a strip. */
  readonly isRunning: boolean;
}

export function LessonChart({ course, steps, isRunning }: LessonChartProps) {
  const { raw, mean, heldOut, before, now, ...ticks } = lessonGeometry(course, steps);
  const said = now === undefined ? '–' : now.toFixed(2);
  const caption = (
    <>
      Loss <strong>{said}</strong>
      <span>: how wrong it is</span>
      {before !== undefined && <span class="lm-key before">before</span>}
      <span class="lm-key taught">examples</span>
      {heldOut.length > 0 && <span class="lm-key held">held out</span>}
    </>
  );
  return (
    <div class={`lm-chart ${isRunning ? 'running' : ''}`}>
      <Plot label={`Loss over the steps, now ${said}`} caption={caption} {...ticks}>
        {before !== undefined && <line class="lm-before" x1="0" x2="100" y1={before} y2={before} />}
        {raw.map((at) => (
          <Dot key={at.x} kind="raw" {...at} />
        ))}
        <polyline class="loss" points={mean} />
        {heldOut.map((at) => (
          <Dot key={at.x} kind="held" {...at} />
        ))}
      </Plot>
    </div>
  );
}

/** A line of no length with round ends, which stays round when the picture is stretched. */
function Dot({ kind, x, y }: { readonly kind: 'raw' | 'held'; readonly x: number; readonly y: number }) {
  return <line class={`lm-dot ${kind}`} x1={x} x2={x} y1={y} y2={y} />;
}
