/** Times in words. */

/** `50 s`, `4 min`, `1 h 20 min`: no finer than an estimate can be. */
export function duration(seconds: number): string {
  const whole = Math.max(1, Math.round(seconds));
  if (whole < 100) return `${whole} s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 60) return `${minutes} min`;
  const rest = minutes % 60;
  return `${Math.floor(minutes / 60)} h${rest > 0 ? ` ${rest} min` : ''}`;
}

/** A rounded estimate: `about 50 s`. */
export function about(seconds: number): string {
  const step = seconds < 20 ? 1 : seconds < 100 ? 5 : 60;
  return `about ${duration(Math.max(1, Math.round(seconds / step) * step))}`;
}
