/**
 * JSON as Python's `json` module reads it: the keys of an object stay in the order of the text, for two equal keys the last
 * value counts at the place of the first, NaN and Infinity are numbers, and 8 differs from 8.0. `JSON.parse` keeps
 * none of this apart, and moves keys that look like integers to the front.
 */
import { DataError } from './errors.js';

export type Json = null | boolean | string | JsonNumber | readonly Json[] | ReadonlyMap<string, Json>;

/** Error for a text that is not JSON, with its position. */
export class JsonError extends DataError {
  /**
   * @param name      name of the text in errors
   * @param position  in UTF-16 units from the beginning of the text
   * @param expected  what should stand there
   * @param found     what stands there
   */
  constructor(
    name: string,
    readonly position: number,
    readonly expected: string,
    readonly found: string,
  ) {
    super(`${name}: is not JSON: ${expected} expected at character ${position}, found ${found}`);
  }
}

/** A number as it is written. */
export class JsonNumber {
  constructor(readonly text: string) {}

  get value(): number {
    return Number(this.text);
  }

  /** Whether Python reads it as an int: digits without a point or an exponent. */
  get isInteger(): boolean {
    return /^-?\d+$/.test(this.text);
  }
}

/** Objects and arrays within each other; deeper text is refused, so that no text exhausts the stack. */
const MAX_DEPTH = 100;

/**
 * Reads a text that is one JSON value.
 * @param name  name of the text in errors
 * @throws JsonError when it is not JSON, DataError when it is nested too deeply
 * @see https://docs.python.org/3/library/json.html#standard-compliance-and-interoperability
 */
export function parseJson(text: string, name: string): Json {
  return new JsonReader(text, name).document();
}

class JsonReader {
  #position = 0;
  #depth = 0;

  constructor(
    private readonly text: string,
    private readonly name: string,
  ) {}

  document(): Json {
    const value = this.#value();
    this.#skipSpace();
    if (this.#position < this.text.length) throw this.#error('the end');
    return value;
  }

  #value(): Json {
    this.#skipSpace();
    switch (this.text[this.#position]) {
      case '{':
        return this.#nested(() => this.#object());
      case '[':
        return this.#nested(() => this.#array());
      case '"':
        return this.#string();
      default:
        return this.#word();
    }
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > MAX_DEPTH) {
      throw new DataError(`${this.name}: JSON must not be nested more than ${MAX_DEPTH} deep`);
    }
    this.#position++;
    const value = read();
    this.#depth--;
    return value;
  }

  #object(): ReadonlyMap<string, Json> {
    const entries = new Map<string, Json>();
    if (this.#accept('}')) return entries;
    do {
      this.#skipSpace();
      const key = this.#string();
      this.#expect(':');
      // For a key that exists already, set changes the value and keeps the place, as a dict does.
      entries.set(key, this.#value());
    } while (this.#accept(','));
    this.#expect('}');
    return entries;
  }

  #array(): readonly Json[] {
    const values: Json[] = [];
    if (this.#accept(']')) return values;
    do values.push(this.#value());
    while (this.#accept(','));
    this.#expect(']');
    return values;
  }

  #string(): string {
    const start = this.#position;
    if (this.text[start] !== '"') throw this.#error('a string');
    let end = start + 1;
    while (end < this.text.length && this.text[end] !== '"') end += this.text[end] === '\\' ? 2 : 1;
    try {
      // A literal in quotes is a string to JSON.parse or an error, never anything else.
      const value = JSON.parse(this.text.slice(start, end + 1)) as string;
      this.#position = end + 1;
      return value;
    } catch {
      throw this.#error('a valid string');
    }
  }

  /** A number or one of the words. */
  #word(): Json {
    const rest = /[-+.\w]*/y;
    rest.lastIndex = this.#position;
    const word = rest.exec(this.text)?.[0] ?? '';
    const isNumber = /^-?((0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?|Infinity)$|^NaN$/.test(word);
    const value = isNumber ? new JsonNumber(word) : WORDS.get(word);
    if (value === undefined) throw this.#error('a value');
    this.#position += word.length;
    return value;
  }

  #expect(character: string): void {
    if (!this.#accept(character)) throw this.#error(`"${character}"`);
  }

  #accept(character: string): boolean {
    this.#skipSpace();
    if (this.text[this.#position] !== character) return false;
    this.#position++;
    return true;
  }

  #skipSpace(): void {
    while (' \t\n\r'.includes(this.text[this.#position] ?? '!')) this.#position++;
  }

  #error(expected: string): JsonError {
    const found = this.text.slice(this.#position, this.#position + 1);
    const value = found === '' ? 'the end' : JSON.stringify(found);
    return new JsonError(this.name, this.#position, expected, value);
  }
}

const WORDS: ReadonlyMap<string, Json> = new Map<string, Json>([
  ['null', null],
  ['true', true],
  ['false', false],
]);

/** A value for `formatJson`; the entries of a Map are written as an object, in its order. */
export type WritableJson = Json | number | readonly WritableJson[] | ReadonlyMap<string, WritableJson>;

/** JSON text, on lines of its own for each entry when `indent` is given, otherwise on one. Numbers must be finite. */
export function formatJson(value: WritableJson, indent = 0, margin = ''): string {
  if (value instanceof JsonNumber) return value.text;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = margin + ' '.repeat(indent);
  const isList = Array.isArray(value);
  const items = isList
    ? (value as readonly WritableJson[]).map((each) => formatJson(each, indent, inner))
    : Array.from(value as ReadonlyMap<string, WritableJson>, ([key, each]) => {
        return `${JSON.stringify(key)}:${indent > 0 ? ' ' : ''}${formatJson(each, indent, inner)}`;
      });
  const [open, close] = isList ? '[]' : '{}';
  if (items.length === 0) return open + close;
  if (indent === 0) return open + items.join(',') + close;
  return `${open}\n${inner}${items.join(`,\n${inner}`)}\n${margin}${close}`;
}
