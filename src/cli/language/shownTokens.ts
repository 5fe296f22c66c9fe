/** The tokens of an example on the screen, with those that are trained marked. */
import stringWidth from 'string-width';
import { printable } from '../../base/printable.js';
import { type TokenExample, UNTRAINED } from '../../text/examples.js';
import type { Tokenizer } from '../../text/tokenizer.js';
import type { Paint } from '../paint.js';

/** Marks between two tokens, and around trained ones, so that trained tokens can be seen even without colours. */
const [BETWEEN, BEGIN, END] = ['│', '⟦', '⟧'];
const NEWLINE = '↵';
const COLUMNS = 80;
const INDENT = '  ';
/** Tokens of one example. */
const MOST_TOKENS = 2000;

/** The text of one or several tokens: a character made of several tokens has no text before its last one. */
interface Piece {
  readonly text: string;
  readonly isTrained: boolean;
}

/** Lines of at most 80 columns; newlines are shown, and followed by one. */
export function shownTokens(tokenizer: Tokenizer, example: TokenExample, paint: Paint): string[] {
  const pieces = piecesOf(tokenizer, example);
  const lines: string[] = [];
  let [line, width] = ['', 0];
  const flush = () => {
    lines.push(INDENT + line);
    [line, width] = ['', 0];
  };
  const add = (text: string, isTrained: boolean) => {
    const columns = stringWidth(text);
    if (width > 0 && INDENT.length + width + columns > COLUMNS) flush();
    line += paint(isTrained ? 'green' : 'dim', text);
    width += columns;
  };
  for (const [i, { text, isTrained }] of pieces.entries()) {
    const begins = isTrained && !pieces[i - 1]?.isTrained;
    const ends = isTrained && !pieces[i + 1]?.isTrained;
    const isLast = i === pieces.length - 1;
    const mark = ends ? END : isLast ? '' : BETWEEN;
    const next = pieces[i + 1]?.isTrained;
    const shown = (begins ? BEGIN : '') + text + (next && !isTrained ? '' : mark);
    for (const part of partsOf(shown)) add(part, isTrained);
    if (text.endsWith(NEWLINE)) flush();
  }
  if (width > 0) flush();
  const left = example.ids.length - MOST_TOKENS;
  return left > 0 ? [...lines, `${INDENT}… (${left} more tokens)`] : lines;
}

function piecesOf(tokenizer: Tokenizer, { ids, labels }: TokenExample): Piece[] {
  const stream = tokenizer.stream();
  const pieces: Piece[] = [];
  let isTrained: boolean | undefined;
  const keep = (text: string) => {
    if (text === '') return;
    pieces.push({ text: visible(text), isTrained: isTrained ?? false });
    isTrained = undefined;
  };
  for (const [i, id] of ids.subarray(0, MOST_TOKENS).entries()) {
    isTrained ??= labels[i] !== UNTRAINED;
    keep(stream.push(id));
  }
  keep(stream.end());
  return pieces;
}

/** The text with control characters escaped, and newlines as a visible sign. */
function visible(text: string): string {
  return text
    .split('\n')
    .map((part) => printable(part, MOST_TOKENS))
    .join(NEWLINE);
}

/** Parts of a text that each fit into a line. */
function partsOf(text: string): string[] {
  const room = COLUMNS - INDENT.length;
  if (stringWidth(text) <= room) return [text];
  const parts = [''];
  for (const character of text) {
    if (stringWidth(parts[parts.length - 1] + character) > room) parts.push('');
    parts[parts.length - 1] += character;
  }
  return parts;
}
