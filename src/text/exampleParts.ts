/** The parts of a file that may be examples, each as an object: a JSON value, or a row of a table. */
import { DataError } from '../base/errors.js';
import { JsonError, parseJson } from '../base/json.js';
import type { ByteSource } from '../files/byteSource.js';
import type { BadLine, FilePlace } from './badLines.js';
import { type ExampleRecord, formatOf } from './exampleFormats.js';
import { arrayValuesOf, type Entry, isBlank, linesOf } from './fileEntries.js';
import { fieldsOf, type Row, tableRows } from './tableRows.js';

/** An object that may be an example, or the reason why a part of the file is not one. */
export type Part = (FilePlace & { readonly record: ExampleRecord }) | BadLine;

export interface ExampleParts {
  /** The kind of file. */
  readonly container: string;
  readonly parts: AsyncIterable<Part>;
}

/** The parts of a file of JSON lines. @param from  where the text begins, after a byte order mark */
export function jsonLinesParts(source: ByteSource, from: number): ExampleParts {
  return { container: 'JSON lines', parts: jsonParts(linesOf(source, from), ({ line }) => ({ line })) };
}

/** The parts of a JSON array. @param from  where the text begins, after a byte order mark */
export function jsonArrayParts(source: ByteSource, from: number, name: string): ExampleParts {
  return { container: 'JSON', parts: jsonParts(arrayValuesOf(source, from, name), placeIn) };
}

/** Parses entries as JSON. @param place  gives the place of an entry as errors show it */
async function* jsonParts(
  entries: AsyncIterable<Entry | BadLine>,
  place: (entry: Entry) => FilePlace,
): AsyncGenerator<Part> {
  for await (const entry of entries) {
    if (!('text' in entry)) yield entry;
    else if (!isBlank(entry.text)) yield { ...place(entry), ...jsonObject(entry) };
  }
}

function placeIn({ line, column }: Entry): FilePlace {
  return { line, column };
}

function jsonObject({
  line,
  column,
  text,
}: Entry): { readonly record: ExampleRecord } | { readonly reason: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { reason: whyNotJson(text, line, column) };
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return { record: value as ExampleRecord };
  const found = Array.isArray(value) ? 'an array' : value === null ? 'null' : `a ${typeof value}`;
  return { reason: `must be a JSON object: it is ${found}` };
}

/** The reason with the place of the mistake; the wording of JavaScript engines differs. */
function whyNotJson(text: string, line: number, column: number): string {
  try {
    parseJson(text, '');
  } catch (error) {
    if (!(error instanceof JsonError)) return `is not JSON: ${(error as Error).message.replace(/^: /, '')}`;
    const before = text.slice(0, error.position).split('\n');
    const characters = [...before[before.length - 1]].length;
    const at = before.length === 1 ? column + characters : 1 + characters;
    const where = before.length === 1 ? `column ${at}` : `line ${line + before.length - 1}, column ${at}`;
    return `is not JSON: ${error.expected} expected at ${where}, found ${error.found}`;
  }
  return 'is not JSON: NaN and Infinity are not numbers in JSON';
}

/** Possible separators of columns, by the ending of the file; spreadsheets write semicolons where a comma is the decimal point. */
const SEPARATORS: readonly (readonly [ending: RegExp, separators: readonly string[]])[] = [
  [/\.csv$/i, [',', ';', '\t']],
  [/\.tsv$/i, ['\t']],
];
const SEPARATOR_NAMES: Readonly<Record<string, string>> = {
  ',': 'CSV',
  ';': 'CSV with semicolons',
  '\t': 'TSV',
};

/**
 * The parts of a table whose first row names the columns.
 * @param from  where the text begins, after a byte order mark
 * @throws DataError when the first row does not name known columns
 */
export async function tableParts(source: ByteSource, from: number, name: string): Promise<ExampleParts> {
  const separators = SEPARATORS.find(([ending]) => ending.test(name))?.[1] ?? [','];
  let heading: Entry | BadLine | undefined;
  for await (const entry of linesOf(source, from)) {
    heading = entry;
    if (!('text' in entry) || !isBlank(entry.text)) break;
  }
  const separator = separators.find((each) => columnsOf(heading, each) !== undefined);
  if (separator === undefined) {
    const found = heading && 'text' in heading ? JSON.stringify(heading.text.slice(0, 80)) : heading?.reason;
    throw new DataError(
      `${name}: line ${heading?.line}: the first row must name the columns, such as prompt and completion, or question and answer: ${found}`,
    );
  }
  const rows = tableRows(linesOf(source, from), separator, name);
  return {
    container: SEPARATOR_NAMES[separator],
    parts: recordsOf(rows, columnsOf(heading, separator) ?? []),
  };
}

/** The names in the first row; undefined where no format has these columns. */
function columnsOf(heading: Entry | BadLine | undefined, separator: string): readonly string[] | undefined {
  if (!heading || !('text' in heading)) return undefined;
  const columns = fieldsOf(heading.text, separator)?.map((column) => column.trim().toLowerCase());
  if (!columns || new Set(columns).size < columns.length) return undefined;
  return formatOf(Object.fromEntries(columns.map((column) => [column, '']))) ? columns : undefined;
}

async function* recordsOf(
  rows: AsyncIterable<Row | BadLine>,
  columns: readonly string[],
): AsyncGenerator<Part> {
  let isHeading = true;
  for await (const row of rows) {
    if (isHeading) isHeading = false;
    else if ('reason' in row) yield row;
    else if (row.fields.length !== columns.length)
      yield {
        line: row.line,
        reason: `must have the same number of columns as the first row, ${columns.length}: ${row.fields.length}`,
      };
    else
      yield {
        line: row.line,
        record: Object.fromEntries(columns.map((column, i) => [column, row.fields[i]])),
      };
  }
}
