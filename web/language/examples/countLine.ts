/** The totals of the examples, in words. */
import { count, integer } from '../../format.js';
import type { Row, RowView } from '../api.js';
import { canBeTaught } from './rows.js';

/** With fewer examples, a model learns the words and not what they have in common. */
const FEW = 8;

export interface Counted {
  readonly rows: readonly Row[];
  readonly views: ReadonlyMap<string, RowView>;
  /** Largest number of tokens of a row: anything beyond is cut. */
  readonly maxLength: number;
  /** Number of rows that are held out for testing. */
  readonly heldOut: number;
}

const isTaught = (row: Row, views: Counted['views']) => canBeTaught(row) && !views.get(row.id)?.problem;

/** `24 examples, 1,310 tokens, 312 of them trained · 3 held out to test it`; tokens only once all are counted. */
export function countLine({ rows, views, maxLength, heldOut }: Counted): string {
  const taught = rows.filter((row) => isTaught(row, views));
  const words = [count(taught.length, 'example')];
  const counted = taught.map(({ id }) => views.get(id)).filter((view) => view !== undefined);
  if (taught.length > 0 && counted.length === taught.length) {
    const sum = (pick: (view: RowView) => number) => counted.reduce((all, view) => all + pick(view), 0);
    words.push(
      count(
        sum(({ tokens }) => Math.min(tokens, maxLength)),
        'token',
      ),
      `${integer(sum(({ trained }) => trained))} of them trained`,
    );
  }
  return heldOut > 0 ? `${words.join(', ')} · ${integer(heldOut)} held out to test it` : words.join(', ');
}

/** A warning about too few examples. */
export function fewWords({ rows, views }: Pick<Counted, 'rows' | 'views'>): string | undefined {
  const taught = rows.filter((row) => isTaught(row, views)).length;
  return taught > 0 && taught < FEW ? 'Few examples: it will copy them word by word.' : undefined;
}

/** A hint that rewordings help; undefined if there are enough of them, or too few examples for it to matter. */
export function rewordingWords(rows: readonly Row[]): string | undefined {
  const asked = new Map<string, Set<string>>();
  for (const { prompt, answer } of rows.filter(canBeTaught)) {
    if (prompt.trim() === '') continue;
    const prompts = asked.get(answer.trim()) ?? new Set();
    asked.set(answer.trim(), prompts.add(prompt.trim()));
  }
  const reworded = [...asked.values()].filter(({ size }) => size > 1).length;
  if (asked.size < FEW || 2 * reworded >= asked.size) return undefined;
  const soFar =
    reworded === 0
      ? 'So far each is asked in only one way'
      : `So far ${integer(reworded)} of ${integer(asked.size)} are asked in more than one way`;
  return `Say it another way: with two or three prompts for the same answer, it also understands a prompt that it has never seen. ${soFar}.`;
}
