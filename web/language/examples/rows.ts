/** The rows of the table: how they are made, taken out, and put back. */
import type { Row } from '../api.js';

/** An example before it is a row of the table. */
export interface Pair {
  /** Empty where the answer is a text of its own, which is trained whole. */
  readonly prompt: string;
  readonly answer: string;
}

export const MOST_ROWS = 500;

let made = 0;

/** A row with an id that no other row has, also not one that an earlier visit has kept. */
export function newRow({ prompt, answer }: Pair = { prompt: '', answer: '' }): Row {
  made++;
  return { id: `${Date.now().toString(36)}-${made}`, prompt, answer };
}

/** Nothing is written in it yet. */
export const isBlank = ({ prompt, answer }: Pair) => prompt.trim() === '' && answer.trim() === '';

/** There is an answer to learn. */
export const canBeTaught = ({ answer }: Pair) => answer.trim() !== '';

export const withChange = (rows: readonly Row[], id: string, change: Partial<Pair>): readonly Row[] =>
  rows.map((row) => (row.id === id ? { ...row, ...change } : row));

/** The rows with another one at a place. */
export const withRowAt = (rows: readonly Row[], at: number, row: Row): readonly Row[] => [
  ...rows.slice(0, at),
  row,
  ...rows.slice(at),
];

/** Adds what was imported; blank rows at the end give way to it, and what the table has no room for is left out. */
export function withImported(rows: readonly Row[], pairs: readonly Pair[]): readonly Row[] {
  const kept = rows.slice(0, filledLength(rows));
  return [...kept, ...pairs.slice(0, MOST_ROWS - kept.length).map(newRow)];
}

/** Rows up to the last one in which something is written. */
export function filledLength(rows: readonly Row[]): number {
  return rows.map(isBlank).lastIndexOf(false) + 1;
}
