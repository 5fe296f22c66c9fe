/** The examples as the model sees them: their tokens, and which of them are trained. */
import { DataError } from 'lowrank';
import { type TokenExample, type Tokenizer, tokenizeCompletion, tokenizeText } from 'lowrank/text';
import type { Row, RowShape, RowView, SeenToken } from '../api.js';

export interface TokenRow {
  readonly row: Row;
  /** Tokens and labels, cut to the largest length of a row. */
  readonly example: TokenExample;
  /** Number of tokens of the whole row. */
  readonly tokens: number;
  readonly isCut: boolean;
}

/** A `TokenRow`, or why the row cannot be taught, as a sentence. */
export type RowTokens = TokenRow | { readonly row: Row; readonly problem: string; readonly tokens: number };

/** Trained tokens have their own id as their label. */
const isTrained = (label: number): boolean => label >= 0;

export function rowTokens(
  tokenizer: Tokenizer,
  row: Row,
  { system, maxLength, trainsPrompts }: RowShape,
): RowTokens {
  if (row.answer.trim() === '') return { row, problem: 'The answer is empty.', tokens: 0 };
  let whole: TokenExample;
  try {
    // A text of its own has no prompt, and is trained whole.
    whole =
      row.prompt.trim() === ''
        ? tokenizeText(tokenizer, row.answer)
        : tokenizeCompletion(tokenizer, completionOf(tokenizer, row), {
            system: system || undefined,
            trainOn: trainsPrompts ? 'all' : 'answers',
          });
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    return { row, problem: sentence(error.message, tokenizer), tokens: 0 };
  }
  const { length: tokens } = whole.ids;
  // Tokens after the last trained one are never computed.
  const isCut = whole.labels.subarray(maxLength).some(isTrained);
  const example = isCut
    ? { ids: whole.ids.subarray(0, maxLength), labels: whole.labels.subarray(0, maxLength) }
    : whole;
  if (example.labels.some(isTrained)) return { row, example, tokens, isCut };
  return {
    row,
    tokens,
    problem: `The prompt alone has more than ${maxLength} tokens, so none of the answer is left.`,
  };
}

/** The rows that can be taught. */
export function trainableRows(tokenizer: Tokenizer, rows: readonly Row[], shape: RowShape): TokenRow[] {
  return rows
    .map((row) => rowTokens(tokenizer, row, shape))
    .filter((each): each is TokenRow => 'example' in each);
}

export function rowView(tokenizer: Tokenizer, row: Row, shape: RowShape): RowView {
  const found = rowTokens(tokenizer, row, shape);
  const { id } = row;
  const { tokens } = found;
  if ('problem' in found)
    return { id, tokens, trained: 0, isCut: tokens > shape.maxLength, problem: found.problem };
  const trained = found.example.labels.reduce((count, label) => count + (isTrained(label) ? 1 : 0), 0);
  return { id, tokens, trained, isCut: found.isCut };
}

/** @throws DataError saying why the row cannot be taught */
export function seenTokens(tokenizer: Tokenizer, row: Row, shape: RowShape): SeenToken[] {
  const found = rowTokens(tokenizer, row, shape);
  if ('problem' in found) throw new DataError(found.problem);
  const { ids, labels } = found.example;
  const special = new Set(tokenizer.specialTokens.values());
  const stream = tokenizer.stream();
  // A character of several tokens appears with the last of them.
  const texts = Array.from(ids, (id) => stream.push(id));
  texts[texts.length - 1] += stream.end();
  return texts.map((text, i) => ({
    text,
    isTrained: isTrained(labels[i]),
    isSpecial: special.has(ids[i]),
  }));
}

/** The completion of a row; without a chat template the answer continues the prompt after a space. */
function completionOf({ chatTemplate }: Tokenizer, { prompt, answer }: Row) {
  return { prompt, completion: chatTemplate === undefined ? ` ${answer}` : answer };
}

const SPECIAL = /holds a special token, which is refused: ("(?:[^"\\]|\\.)*")/;

function sentence(message: string, { name }: Tokenizer): string {
  const special = SPECIAL.exec(message)?.[1];
  if (special) return `It contains ${JSON.parse(special)}, which the model uses to mark turns: leave it out.`;
  const said = message.replace(`${name}: `, '');
  return `This cannot be taught: ${said}.`;
}
