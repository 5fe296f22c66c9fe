/** Numbers formatted for the report, without a locale, so that the text is the same everywhere. */

const INTEGER = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** `6,000` */
export function integer(value: number): string {
  return INTEGER.format(value);
}

/** `+68`, `−68` or `±0`, with the given number of decimals. */
export function signed(value: number, decimals = 0): string {
  const size = decimals === 0 ? integer(Math.abs(value)) : Math.abs(value).toFixed(decimals);
  if (Number(size) === 0) return `±${size}`;
  return `${value < 0 ? '−' : '+'}${size}`;
}

/** A fraction as `89.28 %`. */
export function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(2)} %`;
}

/** A fraction as `50 %` or `12.5 %`, with the decimals that it has, at most two. */
export function shortPercent(fraction: number): string {
  return `${Number((100 * fraction).toFixed(2))} %`;
}

/** Iterations per second: `1,512`, or `9.8` when it is slow. */
export function rate(perSecond: number): string {
  return perSecond < 100 ? perSecond.toFixed(1) : integer(perSecond);
}

/** `0.4 s`, `32 s`, `2:05 min` or `1:02:05 h`. */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const two = (value: number) => String(value).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)}:${two(whole % 60)} min`;
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)} h`;
}

/** A number with its noun: `1 image`, `2 images`. */
export function count(value: number, word: string): string {
  return `${integer(value)} ${word}${value === 1 ? '' : 's'}`;
}
