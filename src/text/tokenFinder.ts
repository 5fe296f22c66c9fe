/** Tokens that are looked for in a text as a whole. */

export interface FoundToken {
  readonly token: string;
  /** Where it begins, in UTF-16 units. */
  readonly at: number;
}

/** Finds tokens of a list in texts; of several that begin at one place, the longest. */
export class TokenFinder {
  readonly #tokens: ReadonlySet<string>;
  readonly #lengths: readonly number[];
  readonly #firsts: ReadonlySet<string>;

  constructor(tokens: Iterable<string>) {
    this.#tokens = new Set(tokens);
    this.#lengths = [...new Set(Array.from(this.#tokens, ({ length }) => length))].sort((a, b) => b - a);
    this.#firsts = new Set(Array.from(this.#tokens, (token) => token[0]));
  }

  /** The first one in the text; undefined where there is none. */
  first(text: string, from = 0): FoundToken | undefined {
    for (let at = from; at < text.length; at++) {
      if (!this.#firsts.has(text[at])) continue;
      for (const length of this.#lengths) {
        const token = text.slice(at, at + length);
        if (this.#tokens.has(token)) return { token, at };
      }
    }
    return undefined;
  }

  /** All of them, in order, apart from each other. */
  all(text: string): FoundToken[] {
    const found: FoundToken[] = [];
    for (let next = this.first(text); next; next = this.first(text, next.at + next.token.length))
      found.push(next);
    return found;
  }
}
