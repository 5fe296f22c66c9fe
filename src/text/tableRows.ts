/** Rows of a table in text: fields between separators, in quotes where they hold separators or newlines (RFC 4180). */
import { DataError } from '../base/errors.js';
import type { BadLine } from './badLines.js';
import { type Entry, MAX_ENTRY_BYTES } from './fileEntries.js';

export interface Row {
  /** Line where the row begins, counted from 1. */
  readonly line: number;
  readonly fields: readonly string[];
}

/**
 * The rows of a table, without the empty lines between them.
 * @param lines      lines of the file
 * @param separator  one character
 * @param name       name of the file in errors
 * @throws DataError for a quoted field that does not end: the beginning of the next row is unknown then
 * @see https://www.rfc-editor.org/rfc/rfc4180
 */
export async function* tableRows(
  lines: AsyncIterable<Entry | BadLine>,
  separator: string,
  name: string,
): AsyncGenerator<Row | BadLine> {
  const reader = new RowReader(separator);
  let line = 0;
  let length = 0;
  const endless = (why: string) =>
    new DataError(`${name}: a quoted field must end: the one in the row that begins in line ${line} ${why}`);
  for await (const entry of lines) {
    if (!reader.isOpen) [line, length] = [entry.line, 0];
    if (!('text' in entry)) {
      if (reader.isOpen) throw endless('is too long, or is not UTF-8 text');
      yield entry;
      continue;
    }
    length += entry.text.length + 1;
    if (length > MAX_ENTRY_BYTES) throw endless('is too long');
    const result = reader.add(entry.text);
    if (typeof result === 'string') yield { line, reason: result };
    else if (result && !(result.length === 1 && result[0].trim() === '')) yield { line, fields: result };
  }
  if (reader.isOpen) throw endless('does not');
}

/** The fields of one line. @throws DataError as {@link tableRows} */
export function fieldsOf(line: string, separator: string): readonly string[] | undefined {
  const fields = new RowReader(separator).add(line);
  return typeof fields === 'string' ? undefined : fields;
}

/** Assembles a row from the lines that it spans. */
class RowReader {
  #fields: string[] = [];
  /** The text so far of a quoted field that continues in the next line. */
  #open: string | undefined;

  constructor(private readonly separator: string) {}

  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /** Adds a line. @returns the fields of a whole row; why it is invalid; undefined for a row that continues in the next line */
  add(text: string): readonly string[] | string | undefined {
    const line = text.endsWith('\r') ? text.slice(0, -1) : text;
    let at = 0;
    do {
      if (this.#open === undefined && line[at] !== '"') at = this.#plain(line, at);
      else {
        at = this.#quoted(text, this.#open === undefined ? at + 1 : at);
        if (this.isOpen) return undefined;
        if (at < line.length && line[at] !== this.separator) return this.#refuse(line[at]);
      }
    } while (at++ < line.length);
    return this.#take();
  }

  /** Reads an unquoted field. @returns the place where it ends */
  #plain(line: string, from: number): number {
    const found = line.indexOf(this.separator, from);
    const end = found < 0 ? line.length : found;
    this.#fields.push(line.slice(from, end));
    return end;
  }

  /** Reads a quoted field. @returns the place after the closing quote */
  #quoted(text: string, from: number): number {
    const found = closingQuote(text, from);
    const end = found < 0 ? text.length : found;
    const before = this.#open === undefined ? '' : `${this.#open}\n`;
    const value = before + text.slice(from, end).replace(/""/g, '"');
    this.#open = found < 0 ? value : undefined;
    if (found >= 0) this.#fields.push(value);
    return end + 1;
  }

  #refuse(found: string): string {
    this.#take();
    return `a quoted field must be followed by ${JSON.stringify(this.separator)} or the end of the line: ${JSON.stringify(found)}`;
  }

  #take(): readonly string[] {
    const fields = this.#fields;
    this.#fields = [];
    return fields;
  }
}

/** The place of the quote that ends a field; two quotes stand for one. -1 where there is none. */
function closingQuote(line: string, from: number): number {
  let at = line.indexOf('"', from);
  while (at >= 0 && line[at + 1] === '"') at = line.indexOf('"', at + 2);
  return at;
}
