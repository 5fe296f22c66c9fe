import type { ShownStop } from './answersTo.js';
import { stopText } from './words.js';

interface ScrubberProps {
  readonly stops: readonly ShownStop[];
  readonly steps: number;
  /** Index of the stop that is shown. */
  readonly at: number;
  readonly onAt: (at: number) => void;
}

export function Scrubber({ stops, steps, at, onAt }: ScrubberProps) {
  const said = stopText(stops[at]?.step ?? 0, steps);
  return (
    <label class="lm-scrubber">
      <span class="lm-scrubber-text">
        What it said at <strong>{said}</strong>
      </span>
      <input
        type="range"
        min={0}
        max={stops.length - 1}
        step={1}
        value={at}
        aria-label="What it said while it learned"
        aria-valuetext={said}
        onInput={({ currentTarget }) => onAt(Number(currentTarget.value))}
      />
      <span class="lm-ends" aria-hidden="true">
        <span>Before</span>
        <span>After</span>
      </span>
    </label>
  );
}
