/** Where the shares of a command begin that is cut among threads. */

/** Elements of a cache line, at whose multiples shares begin. */
const LINE: usize = 16;

/** Where the `part`-th of `parts` nearly equal shares of `length` elements begins. */
export function shareStart(length: usize, part: usize, parts: usize): usize {
  if (part === parts) return length;
  return (((length / LINE) * part) / parts) * LINE;
}
