import { barsOf } from './geometry.js';
import { Plot } from './plot.js';

interface WrongChartProps {
  /** Wrong answers by digit. */
  readonly base: readonly number[];
  readonly adapted: readonly number[] | undefined;
  /** The digits that were taught, which are marked. */
  readonly digits: readonly number[];
}

/** Wrong answers of base and adapted model side by side, digit by digit. */
export function WrongChart({ base, adapted, digits }: WrongChartProps) {
  const { bars, ...ticks } = barsOf(base, adapted, digits);
  const marked = digits.length > 0 ? `; adapted to ${digits.join(', ')}, marked with a star` : '';
  const label = `Wrong answers by digit, ${adapted ? 'base and adapted side by side' : 'of the base'}${marked}`;
  const caption = (
    <>
      Wrong answers by digit <span class="key base">before</span>
      {adapted && <span class="key adapted">after</span>}
    </>
  );
  return (
    <Plot label={label} caption={caption} {...ticks}>
      {bars.map(({ kind, digit, ...place }) => (
        <rect key={`${kind}${digit}`} class={kind} {...place} />
      ))}
    </Plot>
  );
}
