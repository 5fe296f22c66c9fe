/** Reads examples from a file or from pasted text. This is the heavy part of the import, with the library's readers. */
import { readExamples } from 'lowrank/text';
import { type Contents, contentsOf } from './contents.js';
import { hasMarkedLines, markedLines, pieces } from './plainText.js';
import { MOST_ROWS } from './rows.js';

export interface Imported extends Contents {
  /** The detected format, in words. */
  readonly format: string;
  /** Whether the first row may be the names of columns. */
  readonly mayHaveHeading: boolean;
  /** Number of examples, including those beyond the table's limit, which are not in `pairs`. */
  readonly total: number;
  /** Number of lines that are not examples; `bad` has the first of them. */
  readonly badTotal: number;
}

export interface ImportOptions {
  /** Largest number of tokens of a row, for cutting texts. */
  readonly maxLength: number;
  /** Whether the first row of a table names the columns, with names that are not recognised. */
  readonly hasHeading?: boolean;
}

/** Largest file, which is in memory as a whole. */
const MOST_BYTES = 32_000_000;
const MOST_BAD = 50;
const PASTED = 'What was pasted';

/**
 * @param source  a file, or pasted text
 * @throws Error whose message is a sentence
 */
export async function readImport(source: File | string, options: ImportOptions): Promise<Imported> {
  const isPasted = typeof source === 'string';
  const name = isPasted ? PASTED : source.name;
  if (!isPasted && source.size > MOST_BYTES)
    throw new Error(`${name} has ${Math.round(source.size / 1e6)} MB, but this page reads at most 32 MB.`);
  const text = isPasted ? source : textIn(new Uint8Array(await source.arrayBuffer()), name);
  if (text.trim() === '') throw new Error(`${name} is empty.`);
  const ending = isPasted ? '' : (/\.[a-z]+$/i.exec(name)?.[0].toLowerCase() ?? '');
  const found = await readText(text, name, ending, options);
  const { pairs, bad } = found;
  const totals = { total: pairs.length, badTotal: bad.length };
  if (pairs.length > 0)
    return { ...found, ...totals, pairs: pairs.slice(0, MOST_ROWS), bad: bad.slice(0, MOST_BAD) };
  const [first] = bad;
  throw new Error(
    first
      ? `${name} has no example that can be read: line ${first.line}: ${first.why}.`
      : `${name} has no examples.`,
  );
}

/** The result before it is cut to the table's limit. */
type Whole = Omit<Imported, 'total' | 'badTotal'>;

/** Decodes text. Spreadsheets write UTF-16 with a mark at the beginning. */
function textIn(bytes: Uint8Array, name: string): string {
  const isWide = bytes[0] === 0xff && bytes[1] === 0xfe;
  try {
    const text = new TextDecoder(isWide ? 'utf-16le' : 'utf-8', { fatal: true }).decode(bytes);
    if (!text.includes('\0')) return text;
  } catch {
    // Reported below.
  }
  throw new Error(`${name} is not a text file: examples are JSON lines, CSV, TSV, or plain text.`);
}

async function readText(text: string, name: string, ending: string, options: ImportOptions): Promise<Whole> {
  if (isJson(text, ending)) return withLibrary(text, name, `${name}.jsonl`);
  const table = tableOf(text, ending);
  if (table?.isNamed) return withLibrary(text, name, `${name}${table.ending}`);
  if (table?.isNamedHere) {
    const found = await withLibrary(text, name, `${name}${table.ending}`, table.separator, true);
    return { ...found, mayHaveHeading: false };
  }
  if (table) return withLibrary(text, name, `${name}${table.ending}`, table.separator, options.hasHeading);
  if (hasMarkedLines(text))
    return {
      format: 'Questions and answers, marked “Q:” and “A:”',
      mayHaveHeading: false,
      ...NOTHING_ELSE,
      ...markedLines(text),
    };
  const pairs = pieces(text, options.maxLength).map((answer) => ({ line: 1, prompt: '', answer }));
  const format = 'Plain text, cut at paragraphs; all of it is trained';
  return { format, mayHaveHeading: false, ...NOTHING_ELSE, pairs, bad: [] };
}

const NOTHING_ELSE = { notes: [], system: undefined };

function isJson(text: string, ending: string): boolean {
  if (ending.startsWith('.json') || ending === '.ndjson') return true;
  return !/^\.[ct]sv$/.test(ending) && /^\s*(?:\{\s*"|\[\s*[{\]])/.test(text);
}

/** Known names of table columns. */
const HEADINGS = new Set([
  'prompt',
  'completion',
  'question',
  'answer',
  'instruction',
  'input',
  'output',
  'text',
]);

interface Table {
  readonly ending: '.csv' | '.tsv';
  readonly separator: string;
  /** Whether the first row names the columns with the library's names. */
  readonly isNamed: boolean;
  /** Whether it names them with the page's names. */
  readonly isNamedHere?: boolean;
}

function tableOf(text: string, ending: string): Table | undefined {
  const first = text.split(/\r?\n/).find((line) => line.trim() !== '') ?? '';
  for (const separator of ['\t', ';', ',']) {
    const kind = separator === '\t' ? '.tsv' : '.csv';
    const names = first.split(separator).map((each) =>
      each
        .trim()
        .replace(/^"(.*)"$/, '$1')
        .toLowerCase(),
    );
    if (names.length === 2 && names.join() === 'prompt,answer')
      return { ending: kind, separator, isNamed: false, isNamedHere: true };
    const known = names.filter((each) => HEADINGS.has(each)).length;
    if (known > 1 || (known === 1 && ending === kind)) return { ending: kind, separator, isNamed: true };
  }
  if (ending === '.tsv' || /^[^\t]+\t[^\t]+$/.test(first))
    return { ending: '.tsv', separator: '\t', isNamed: false };
  // Prose has commas too: pasted text is a table only with quotes around both columns.
  const quoted = /^\s*"(?:[^"]|"")*"\s*([,;])\s*"/.exec(first)?.[1];
  if (ending !== '.csv' && quoted === undefined) return undefined;
  const separator = quoted ?? (!first.includes(',') && first.includes(';') ? ';' : ',');
  return { ending: '.csv', separator, isNamed: false };
}

/** @param separator  separator of a table without column names, which are added here */
async function withLibrary(
  text: string,
  shown: string,
  name: string,
  separator?: string,
  hasHeading?: boolean,
): Promise<Whole> {
  const isUnnamed = separator !== undefined;
  const heading = isUnnamed ? `prompt${separator}completion\n` : '';
  const bytes = new TextEncoder().encode(heading + text);
  const file = await readExamples(bytes, { name, skipBad: true }).catch((error: Error) => {
    if (isUnnamed && error.message.includes('must have the same number of columns'))
      throw new Error(
        `${shown} must have two columns, a prompt and an answer, or a first row that names its columns.`,
      );
    const message = error.message.replace(name, shown);
    const placed = (all: string, line: string) => (isUnnamed ? `line ${Number(line) - 1}` : all);
    throw new Error(asSentence(message.replace(/\bline (\d+)/g, placed)));
  });
  const all = contentsOf(file.examples, file.bad, isUnnamed ? 1 : 0);
  const pairs = hasHeading ? all.pairs.slice(1) : all.pairs;
  const format = isUnnamed ? 'Table of two columns: prompt, then answer' : file.format;
  return { ...all, pairs, format, mayHaveHeading: isUnnamed };
}

const asSentence = (text: string) => (/[.!?]$/.test(text) ? text : `${text}.`);
