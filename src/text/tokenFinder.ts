/** Search for whole tokens in a text. */

export interface FoundToken {
  readonly token: string;
  /** Place where the token begins, in UTF-16 units. */
  readonly at: number;
}

/** Finds tokens of a list in texts; where several begin at one place, the longest. */
export class TokenFinder {
  readonly #tokens: ReadonlySet<string>;
  readonly #lengths: readonly number[];
  readonly #firsts: ReadonlySet<string>;

  constructor(tokens: Iterable<string>) {
    this.#tokens = new Set(tokens);
    this.#lengths = [...new Set(Array.from(this.#tokens, ({ length }) => length))].sort((a, b) => b - a);
    this.#firsts = new Set(Array.from(this.#tokens, (token) => token[0]));
  }

  /** The first token in the text; undefined where there is none. */
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

  /** All tokens in the text, in order, without overlaps. */
  all(text: string): FoundToken[] {
    const found: FoundToken[] = [];
    for (let next = this.first(text); next; next = this.first(text, next.at + next.token.length))
      found.push(next);
    return found;
  }
}
