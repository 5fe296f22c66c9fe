/** Beginnings of the shares of a command that is divided among threads. */

/** Number of elements in a cache line; shares begin at multiples of it. */
const LINE: usize = 16;

/** The beginning of the `part`-th of `parts` nearly equal shares of `length` elements. */
export function shareStart(length: usize, part: usize, parts: usize): usize {
  if (part === parts) return length;
  return (((length / LINE) * part) / parts) * LINE;
}
