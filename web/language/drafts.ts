/** The visitor's examples, kept in this browser across reloads if it keeps anything. */
import { createStore, get, set } from 'idb-keyval';
import type { Row } from './api.js';
import { MOST_ROWS } from './examples/rows.js';

export interface Draft {
  readonly rows: readonly Row[];
  readonly system: string | undefined;
  readonly preset: string | undefined;
}

const KEY = 'draft';
const store = createStore('lowrank-language', 'page');

/** Reads the draft; undefined if there is none that can be read. */
export async function readDraft(): Promise<Draft | undefined> {
  try {
    return drafted(await get<unknown>(KEY, store));
  } catch {
    return undefined;
  }
}

/** @throws Error if the browser does not keep it */
export const keepDraft = (draft: Draft): Promise<void> => set(KEY, draft, store);

const isText = (value: unknown): value is string => typeof value === 'string';
const isTextOrNothing = (value: unknown) => value === undefined || isText(value);

function drafted(value: unknown): Draft | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { rows, system, preset }: { readonly [K in keyof Draft]?: unknown } = value;
  if (!Array.isArray(rows) || !isTextOrNothing(system) || !isTextOrNothing(preset)) return undefined;
  const known = rows.filter(
    (row): row is Row => isText(row?.id) && isText(row?.prompt) && isText(row?.answer),
  );
  return {
    rows: known.slice(0, MOST_ROWS),
    system: system as string | undefined,
    preset: preset as string | undefined,
  };
}
