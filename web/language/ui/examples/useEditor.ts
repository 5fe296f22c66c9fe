/** Edits of the rows. The editor stays the same object, so that unchanged rows are not rendered again. */
import { useRef } from 'preact/hooks';
import { count } from '../../../format.js';
import type { Row } from '../../api.js';
import {
  canBeTaught,
  filledLength,
  isBlank,
  MOST_ROWS,
  newRow,
  withChange,
  withImported,
  withRowAt,
} from '../../examples/rows.js';
import type { ExamplesPanelProps, Taken } from './props.js';

export type Field = 'prompt' | 'answer';

export interface Editor {
  change(id: string, field: Field, text: string): void;
  remove(id: string): void;
  /** Moves to the next cell, or to a new row after the last one. */
  next(id: string, field: Field): void;
  add(): void;
  /** Inserts a copy of a row below it, with the prompt selected for rewording. */
  sayAnotherWay(id: string): void;
  take(taken: Taken): void;
}

export const cellId = (id: string, field: Field) => `example-${field}-${id}`;
export const ADD_ID = 'example-add';

/** Moves the focus once the change is rendered. */
function focusSoon(id: string, isSelected = false): void {
  requestAnimationFrame(() => {
    const found = document.getElementById(id);
    found?.focus();
    if (isSelected && found instanceof HTMLTextAreaElement) found.select();
  });
}

export function useEditor(props: ExamplesPanelProps): Editor {
  const latest = useRef(props);
  latest.current = props;
  const editor = useRef<Editor>(undefined);
  editor.current ??= editorOf(() => latest.current);
  return editor.current;
}

function editorOf(now: () => ExamplesPanelProps): Editor {
  const insert = (at: number, row: Row, isSelected = false) => {
    const { rows, onRows } = now();
    if (rows.length >= MOST_ROWS) return;
    onRows(withRowAt(rows, at, row));
    focusSoon(cellId(row.id, 'prompt'), isSelected);
  };
  const add = () => {
    const { rows } = now();
    const last = rows.at(-1);
    if (last && isBlank(last)) focusSoon(cellId(last.id, 'prompt'));
    else insert(rows.length, newRow());
  };
  return {
    add,
    change: (id, field, text) => now().onRows(withChange(now().rows, id, { [field]: text })),
    remove: (id) => remove(now, id),
    next: (id, field) => {
      const { rows } = now();
      const at = rows.findIndex((row) => row.id === id);
      if (field === 'prompt') focusSoon(cellId(id, 'answer'));
      else if (at + 1 < rows.length) focusSoon(cellId(rows[at + 1].id, 'prompt'));
      else add();
    },
    sayAnotherWay: (id) => {
      const { rows } = now();
      const at = rows.findIndex((row) => row.id === id);
      if (canBeTaught(rows[at])) insert(at + 1, newRow(rows[at]), true);
    },
    take: (taken) => take(now, taken),
  };
}

function remove(now: () => ExamplesPanelProps, id: string): void {
  const { rows, onRows, onUndoable } = now();
  const at = rows.findIndex((row) => row.id === id);
  const row = rows[at];
  onRows(rows.filter((each) => each !== row));
  const next = rows[at + 1] ?? rows[at - 1];
  focusSoon(next ? `example-delete-${next.id}` : ADD_ID);
  if (isBlank(row)) return;
  onUndoable(`Example ${at + 1} was deleted`, () => {
    now().onRows(withRowAt(now().rows, Math.min(at, now().rows.length), row));
    focusSoon(cellId(id, 'prompt'));
  });
}

function take(now: () => ExamplesPanelProps, { pairs, system, isReplacing }: Taken): void {
  const { rows, onRows, onSystem, onUndoable, system: systemBefore } = now();
  const kept = isReplacing ? [] : rows.slice(0, filledLength(rows));
  const after = withImported(kept, pairs);
  const added = after.slice(kept.length);
  onRows(after);
  if (system !== undefined) onSystem(system);
  const done = isReplacing ? 'replaced those before' : `${added.length === 1 ? 'was' : 'were'} added`;
  onUndoable(`${count(added.length, 'example')} ${done}`, () => {
    const ids = new Set(added.map(({ id }) => id));
    now().onRows(isReplacing ? rows : now().rows.filter(({ id }) => !ids.has(id)));
    if (system !== undefined) now().onSystem(systemBefore);
  });
}
