/** The rows of the table: making, removing and restoring them. */
import type { Row } from '../api.js';

/** An example before it is a row of the table. */
export interface Pair {
  /** Empty if the answer is a text of its own, which is trained whole. */
  readonly prompt: string;
  readonly answer: string;
}

export const MOST_ROWS = 500;

let made = 0;

/** A row with an id that no other row has, not even one kept by an earlier visit. */
export function newRow({ prompt, answer }: Pair = { prompt: '', answer: '' }): Row {
  made++;
  return { id: `${Date.now().toString(36)}-${made}`, prompt, answer };
}

/** Whether a row is empty. */
export const isBlank = ({ prompt, answer }: Pair) => prompt.trim() === '' && answer.trim() === '';

/** Whether there is an answer to learn. */
export const canBeTaught = ({ answer }: Pair) => answer.trim() !== '';

export const withChange = (rows: readonly Row[], id: string, change: Partial<Pair>): readonly Row[] =>
  rows.map((row) => (row.id === id ? { ...row, ...change } : row));

/** The rows with another one inserted at a place. */
export const withRowAt = (rows: readonly Row[], at: number, row: Row): readonly Row[] => [
  ...rows.slice(0, at),
  row,
  ...rows.slice(at),
];

/** Adds imported rows in place of blank rows at the end; those beyond the table's limit are left out. */
export function withImported(rows: readonly Row[], pairs: readonly Pair[]): readonly Row[] {
  const kept = rows.slice(0, filledLength(rows));
  return [...kept, ...pairs.slice(0, MOST_ROWS - kept.length).map(newRow)];
}

/** Number of rows up to the last one that is not blank. */
export function filledLength(rows: readonly Row[]): number {
  return rows.map(isBlank).lastIndexOf(false) + 1;
}
