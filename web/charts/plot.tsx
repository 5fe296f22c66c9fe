/** The frame of a chart: a plot that stretches to its place, with ticks that keep the size of text. */
import type { ComponentChildren } from 'preact';
import type { Tick } from './geometry.js';
import '../styles/charts.css';

interface PlotProps {
  /** What the chart shows, in words. */
  readonly label: string;
  readonly caption: ComponentChildren;
  readonly across: readonly Tick[];
  readonly up: readonly Tick[];
  /** In a square of 100 × 100 whose y points down. */
  readonly children: ComponentChildren;
}

export function Plot({ label, caption, across, up, children }: PlotProps) {
  return (
    <div class="chart" role="img" aria-label={label}>
      <p class="chart-caption">{caption}</p>
      <div class="plot">
        <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
          {up.map(({ at, text }) => (
            <line key={text} class="grid" x1="0" x2="100" y1={100 - 100 * at} y2={100 - 100 * at} />
          ))}
          {children}
        </svg>
        {up.map(({ at, text }) => (
          <span key={text} class="tick up" style={{ bottom: `${100 * at}%` }}>
            {text}
          </span>
        ))}
        {across.map(({ at, text, isMarked }) => (
          <span key={text} class={`tick across ${isMarked ? 'marked' : ''}`} style={{ left: `${100 * at}%` }}>
            {text}
          </span>
        ))}
      </div>
    </div>
  );
}
