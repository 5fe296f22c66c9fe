import type { Answer } from '../../api.js';

/** `2.1 s, 15 tok/s`, and why it ended if it was cut or stopped. */
export function endingOf({ tokens, seconds, end }: Answer): string {
  const speed = seconds > 0 ? `, ${(tokens / seconds).toFixed(tokens / seconds < 10 ? 1 : 0)} tok/s` : '';
  const ending = { end: '', length: ', cut at the limit', stopped: ', stopped' }[end];
  return `${seconds.toFixed(1)} s${speed}${ending}`;
}
