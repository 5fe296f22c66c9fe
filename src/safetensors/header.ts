/**
 * The JSON header of a safetensors file. It is read by hand because `JSON.parse` keeps the last of two equal
 * keys silently, and accepts 1.0, 1e3 and numbers above 2^53 where the format requires plain integers. The
 * reader follows the header's fixed form, so no nesting can be too deep for it.
 */
import { DataError } from '../base/errors.js';

/** One tensor's description, each number a non-negative safe integer, unchecked against the others. */
export interface HeaderEntry {
  dtype: string;
  shape: number[];
  /** First byte, counted from the end of the header. */
  begin: number;
  /** End, exclusive, in bytes counted from the end of the header. */
  end: number;
}

/** The content of a header, in its order. */
export interface Header {
  entries: Map<string, HeaderEntry>;
  metadata: Record<string, string>;
}

/**
 * Reads a header: `{`, the entries, `}`, then only spaces.
 *
 * @param text the header, decoded
 * @param name name of the file in error messages
 * @throws DataError when it is not JSON of the format's form, or a key appears twice in one object
 * @see https://github.com/huggingface/safetensors#format
 */
export function readHeader(text: string, name: string): Header {
  if (!text.startsWith('{')) {
    throw new DataError(`${name}: header must begin with "{": found ${JSON.stringify(text.slice(0, 1))}`);
  }
  const reader = new HeaderReader(text, name);
  const entries = new Map<string, HeaderEntry>();
  let metadata: Record<string, string> = {};
  reader.object('header', (key) => {
    if (key === '__metadata__') metadata = readMetadata(reader);
    else entries.set(key, readEntry(reader, key, name));
  });
  reader.padding();
  return { entries, metadata };
}

function readMetadata(reader: HeaderReader): Record<string, string> {
  const pairs: [string, string][] = [];
  reader.object('__metadata__', (key) => pairs.push([key, reader.string()]));
  // Unlike an assignment, this makes a key named __proto__ an ordinary one.
  return Object.fromEntries(pairs);
}

function readEntry(reader: HeaderReader, key: string, name: string): HeaderEntry {
  const where = `tensor ${JSON.stringify(key)}`;
  let dtype: string | undefined;
  let shape: number[] | undefined;
  let offsets: number[] | undefined;
  reader.object(where, (field) => {
    if (field === 'dtype') dtype = reader.string();
    else if (field === 'shape') shape = reader.integers();
    else if (field === 'data_offsets') offsets = reader.integers();
    else throw new DataError(`${name}: ${where}: unknown field: ${JSON.stringify(field)}`);
  });
  if (dtype === undefined) throw new DataError(`${name}: ${where}: field is missing: dtype`);
  if (shape === undefined) throw new DataError(`${name}: ${where}: field is missing: shape`);
  if (offsets === undefined) throw new DataError(`${name}: ${where}: field is missing: data_offsets`);
  if (offsets.length !== 2) {
    throw new DataError(`${name}: ${where}: data_offsets must be two numbers: found ${offsets.length}`);
  }
  return { dtype, shape, begin: offsets[0], end: offsets[1] };
}

/** A cursor over JSON text that reads objects, strings, and arrays of integers. */
class HeaderReader {
  private position = 0;

  constructor(
    private readonly text: string,
    private readonly name: string,
  ) {}

  /** Reads an object; `onKey` must read the value of the key it is given. */
  object(where: string, onKey: (key: string) => void): void {
    this.expect('{');
    const seen = new Set<string>();
    if (this.accept('}')) return;
    do {
      const key = this.string();
      // Compared after unescaping: "a" and "\u0061" are one key.
      if (seen.has(key)) throw new DataError(`${this.name}: ${where}: duplicate key: ${JSON.stringify(key)}`);
      seen.add(key);
      this.expect(':');
      onKey(key);
    } while (this.accept(','));
    this.expect('}');
  }

  string(): string {
    this.skipSpace();
    const start = this.position;
    if (this.text[start] !== '"') throw this.syntaxError('a string');
    let end = start + 1;
    while (end < this.text.length && this.text[end] !== '"') end += this.text[end] === '\\' ? 2 : 1;
    this.position = end + 1;
    const value = this.unescape(this.text.slice(start, this.position), start);
    if (/\p{Surrogate}/u.test(value)) {
      throw new DataError(`${this.name}: lone surrogate in the header: ${JSON.stringify(value)}`);
    }
    return value;
  }

  integers(): number[] {
    const values: number[] = [];
    this.expect('[');
    if (this.accept(']')) return values;
    do values.push(this.integer());
    while (this.accept(','));
    this.expect(']');
    return values;
  }

  /** Only spaces may follow the JSON. */
  padding(): void {
    while (this.text[this.position] === ' ') this.position++;
    if (this.position < this.text.length) throw this.syntaxError('spaces up to its end');
  }

  private integer(): number {
    this.skipSpace();
    const start = this.position;
    while (/[-+.\w]/.test(this.text[this.position] ?? '')) this.position++;
    const token = this.text.slice(start, this.position);
    if (token === '') throw this.syntaxError('a number');
    const value = /^(0|[1-9]\d{0,15})$/.test(token) ? Number(token) : Number.NaN;
    if (!Number.isSafeInteger(value)) {
      const found = token.length > 40 ? `${token.slice(0, 40)}…` : token;
      throw new DataError(`${this.name}: header numbers must be integers from 0 to 2^53 - 1: found ${found}`);
    }
    return value;
  }

  private unescape(literal: string, start: number): string {
    try {
      // A literal in quotes is a string to JSON.parse or an error, never anything else.
      return JSON.parse(literal) as string;
    } catch {
      this.position = start;
      throw this.syntaxError('a valid string');
    }
  }

  private expect(character: string): void {
    if (!this.accept(character)) throw this.syntaxError(`"${character}"`);
  }

  private accept(character: string): boolean {
    this.skipSpace();
    if (this.text[this.position] !== character) return false;
    this.position++;
    return true;
  }

  private skipSpace(): void {
    while (' \t\n\r'.includes(this.text[this.position] ?? '!')) this.position++;
  }

  private syntaxError(expected: string): DataError {
    const found = this.text.slice(this.position, this.position + 1);
    const value = found === '' ? 'the end' : JSON.stringify(found);
    const where = `${expected} expected at character ${this.position}, found ${value}`;
    return new DataError(`${this.name}: header is not JSON of the format: ${where}`);
  }
}
