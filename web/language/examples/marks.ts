/** Marks of rows, in words, since not everybody can tell colours apart. */
import type { Row, RowView } from '../api.js';
import { canBeTaught, isBlank } from './rows.js';

export interface Mark {
  /** `out`: not taught; `cut`: only partly taught; `plain`: worth knowing. */
  readonly kind: 'out' | 'cut' | 'plain';
  readonly words: string;
}

/** Keys by row, which can be cached because rows never change in place. */
const keys = new WeakMap<Row, string>();

function keyOf(row: Row): string {
  const known = keys.get(row);
  if (known !== undefined) return known;
  const key = JSON.stringify([row.prompt, row.answer].map((text) => text.trim().replace(/\s+/g, ' ')));
  keys.set(row, key);
  return key;
}

/** For each row that says the same as an earlier one, the number of that one, counted from 1. */
export function duplicatesOf(rows: readonly Row[]): ReadonlyMap<string, number> {
  const first = new Map<string, number>();
  const found = new Map<string, number>();
  for (const [i, row] of rows.entries()) {
    if (!canBeTaught(row)) continue;
    const earlier = first.get(keyOf(row));
    if (earlier === undefined) first.set(keyOf(row), i + 1);
    else found.set(row.id, earlier);
  }
  return found;
}

/** @param sameAs  number of the earlier row that says the same */
export function markOf(
  row: Row,
  view: RowView | undefined,
  sameAs: number | undefined,
  maxLength: number,
): Mark | undefined {
  if (isBlank(row)) return undefined;
  if (!canBeTaught(row)) return { kind: 'out', words: 'No answer: left out' };
  if (view?.problem) return { kind: 'out', words: view.problem };
  if (view?.isCut) return { kind: 'cut', words: `Cut at ${maxLength} tokens` };
  if (sameAs !== undefined) return { kind: 'plain', words: `Same as example ${sameAs}` };
  if (row.prompt.trim() === '') return { kind: 'plain', words: 'No prompt: all of it is trained as text' };
  return undefined;
}
