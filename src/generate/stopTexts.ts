/** Finds texts that end a generation, independent of the boundaries of tokens. */
export class StopTexts {
  readonly #stops: readonly string[];
  /** Held-back text that may be the beginning of a stop text. */
  #held = '';
  isFound = false;

  /** @throws RangeError for an empty text */
  constructor(stops: readonly string[]) {
    if (stops.includes('')) throw new RangeError('generate: a stop text must not be empty');
    this.#stops = stops;
  }

  /** Adds text. @returns the text that may be shown: nothing of a stop text, nor anything after it */
  push(text: string): string {
    if (this.isFound) return '';
    const all = this.#held + text;
    const places = this.#stops.map((stop) => all.indexOf(stop)).filter((at) => at >= 0);
    if (places.length > 0) {
      this.isFound = true;
      this.#held = '';
      return all.slice(0, Math.min(...places));
    }
    const kept = Math.max(0, ...this.#stops.map((stop) => overlap(all, stop)));
    this.#held = all.slice(all.length - kept);
    return all.slice(0, all.length - kept);
  }

  /** The held-back text, when no more follows. */
  end(): string {
    const rest = this.#held;
    this.#held = '';
    return rest;
  }
}

/** Number of characters at the end of a text that are a proper beginning of another. */
function overlap(text: string, other: string): number {
  for (let length = Math.min(text.length, other.length - 1); length > 0; length--)
    if (text.endsWith(other.slice(0, length))) return length;
  return 0;
}
