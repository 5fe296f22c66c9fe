/** The parts of a text file that are examples: lines, or the values of a JSON array, read one by one in bounded memory. */
import { DataError } from '../base/errors.js';
import type { ByteSource } from '../files/byteSource.js';
import type { BadLine } from './badLines.js';

/** A part of a file, as text. */
export interface Entry {
  /** Line where the part begins, counted from 1, as the column is; columns are characters. */
  readonly line: number;
  readonly column: number;
  readonly text: string;
}

/** Maximum bytes of an entry: a longer text has more tokens than the context of any model that is trained here. */
export const MAX_ENTRY_BYTES = 8_000_000;

const CHUNK = 2 ** 20;
const [TAB, NEWLINE, RETURN, SPACE] = [0x09, 0x0a, 0x0d, 0x20];
const [QUOTE, COMMA, BACKSLASH] = [0x22, 0x2c, 0x5c];
const OPENING: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const CLOSING: ReadonlySet<number> = new Set([0x5d, 0x7d]);

async function* chunksOf(source: ByteSource, from: number): AsyncGenerator<Uint8Array> {
  for (let at = from; at < source.length; at += CHUNK)
    yield await source.read(at, Math.min(CHUNK, source.length - at));
}

const strictDecoder = () => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The bytes of an entry as they arrive; for one that is too long they are counted, not kept. */
class Gathering {
  #parts: Uint8Array[] = [];
  #length = 0;
  #decoder = strictDecoder();

  add(bytes: Uint8Array): void {
    this.#length += bytes.length;
    if (this.#length > MAX_ENTRY_BYTES) this.#parts = [];
    else if (bytes.length > 0) this.#parts.push(bytes);
  }

  /** The entry that begins at a place, or the reason why it is not one. */
  take(line: number, column: number): Entry | BadLine {
    const [parts, length] = [this.#parts, this.#length];
    this.#parts = [];
    this.#length = 0;
    if (length > MAX_ENTRY_BYTES)
      return { line, reason: `must be at most ${MAX_ENTRY_BYTES / 1e6} MB: ${(length / 1e6).toFixed(1)} MB` };
    try {
      let text = '';
      for (const part of parts) text += this.#decoder.decode(part, { stream: true });
      text += this.#decoder.decode();
      return { line, column, text };
    } catch {
      // A decoder that failed may keep half a character.
      this.#decoder = strictDecoder();
      return { line, reason: 'must be text in UTF-8' };
    }
  }
}

/**
 * The lines of a file, including empty ones. A carriage return at the end of one stays.
 * @param from  where the text begins, after a byte order mark
 * @throws DataError when the file cannot be read
 */
export async function* linesOf(source: ByteSource, from: number): AsyncGenerator<Entry | BadLine> {
  const gathering = new Gathering();
  let line = 1;
  for await (const chunk of chunksOf(source, from)) {
    let at = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, at)) {
      gathering.add(chunk.subarray(at, end));
      yield gathering.take(line++, 1);
      at = end + 1;
    }
    gathering.add(chunk.subarray(at));
  }
  yield gathering.take(line, 1);
}

/**
 * The values of a JSON array, as the text of each.
 * @param from  where the text begins, after a byte order mark; white space and `[` follow
 * @throws DataError when the file cannot be read, the array does not end, or something follows it
 */
export async function* arrayValuesOf(
  source: ByteSource,
  from: number,
  name: string,
): AsyncGenerator<Entry | BadLine> {
  const scanner = new ArrayScanner(name);
  for await (const chunk of chunksOf(source, from)) yield* scanner.scan(chunk);
  scanner.end();
}

/** Finds where the values of an array begin and end: it counts brackets outside of strings, and checks nothing else. */
class ArrayScanner {
  readonly #gathering = new Gathering();
  /** Number of open brackets; 1 between values. */
  #depth = 0;
  #isInString = false;
  #isEscaped = false;
  /** Line of the scanner's position. */
  #line = 1;
  #column = 1;
  /** Place where the current value begins; undefined before its first character. */
  #begin: { readonly line: number; readonly column: number } | undefined;
  #values = 0;
  #isOver = false;

  constructor(private readonly name: string) {}

  *scan(chunk: Uint8Array): Generator<Entry | BadLine> {
    let kept = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at];
      if (this.#depth === 0) {
        this.#open(byte);
        kept = at + 1;
      } else if (this.#endsValue(byte)) {
        this.#gathering.add(chunk.subarray(kept, at));
        yield* this.#value(byte === COMMA);
        kept = at + 1;
      } else if (!this.#begin && !isSpace(byte)) this.#begin = { line: this.#line, column: this.#column };
      this.#advance(byte);
    }
    if (this.#depth > 0) this.#gathering.add(chunk.subarray(kept));
  }

  /** Ends the scan. @throws DataError where the array does not end */
  end(): void {
    if (this.#isOver) return;
    const from = this.#begin ? `: what begins on line ${this.#begin.line} has no end` : '';
    throw new DataError(`${this.name}: is cut short: the JSON array must end with "]"${from}`);
  }

  /** Takes a byte outside the array. */
  #open(byte: number): void {
    if (isSpace(byte)) return;
    if (this.#isOver)
      throw new DataError(`${this.name}: line ${this.#line}: nothing must follow the JSON array`);
    this.#depth = 1;
  }

  #endsValue(byte: number): boolean {
    if (this.#isInString) {
      if (!this.#isEscaped && byte === QUOTE) this.#isInString = false;
      this.#isEscaped = !this.#isEscaped && byte === BACKSLASH;
      return false;
    }
    if (byte === QUOTE) this.#isInString = true;
    else if (OPENING.has(byte)) this.#depth++;
    else if (CLOSING.has(byte)) this.#depth--;
    return this.#depth === 0 || (this.#depth === 1 && byte === COMMA);
  }

  *#value(isFollowed: boolean): Generator<Entry | BadLine> {
    const { line, column } = this.#begin ?? { line: this.#line, column: this.#column };
    const entry = this.#gathering.take(line, column);
    if (!('text' in entry)) yield { ...entry, column };
    else if (!isBlank(entry.text)) yield { ...entry, text: entry.text.replace(/^[ \t\n\r]+/, '') };
    else if (isFollowed || this.#values > 0)
      yield {
        line,
        column,
        reason: 'is not JSON: each comma of the array must be between two values',
      };
    this.#values++;
    this.#begin = undefined;
    this.#isOver = !isFollowed;
  }

  #advance(byte: number): void {
    if (byte === NEWLINE) {
      this.#line++;
      this.#column = 1;
    } else if ((byte & 0xc0) !== 0x80) this.#column++;
  }
}

/** Whether a text is only white space in the sense of JSON. */
export function isBlank(text: string): boolean {
  return !/[^ \t\n\r]/.test(text);
}

function isSpace(byte: number): boolean {
  return byte === SPACE || byte === NEWLINE || byte === RETURN || byte === TAB;
}
