/** The network and adapter that the page has, kept in the browser together. */
import { computed, signal } from '@preact/signals';
import type { SavedModel } from './lab/views.js';
import { inTime, keep } from './storage.js';
import { reasonOf } from './work.js';

export const saved = signal<SavedModel>({});
export const adapter = computed(() => saved.value.adapter?.view);
export const baseTrainedHere = computed(() => saved.value.base !== undefined);

/** Takes another network or adapter, and keeps both: those of two tabs are never mixed. */
export async function setSaved(next: SavedModel): Promise<void> {
  saved.value = next;
  await keepingSafely('model', keep({ base: next.base, adapter: next.adapter }));
}

/** What is kept apart: that one is kept says nothing of the other. */
type Part = 'model' | 'drawings';

const failures = signal<ReadonlyMap<Part, string>>(new Map());

/** Why the browser does not keep what was done last; undefined while it does. */
export const notKept = computed<string | undefined>(() => [...failures.value.values()][0]);

export function closeNotKept(): void {
  failures.value = new Map();
}

function setFailure(part: Part, reason: string | undefined): void {
  const others = [...failures.value].filter(([each]) => each !== part);
  failures.value = new Map(reason === undefined ? others : [...others, [part, reason]]);
}

/** Waits until something is kept, for a while; it says what is not, and takes that back should it be kept later. */
export async function keepingSafely(part: Part, work: Promise<void>): Promise<void> {
  const done = work.then(
    () => setFailure(part, undefined),
    (error: unknown) => {
      const isFull = error instanceof DOMException && error.name === 'QuotaExceededError';
      setFailure(part, isFull ? 'it has no space left for this page' : reasonOf(error));
    },
  );
  await inTime(done).catch((error: unknown) => setFailure(part, reasonOf(error)));
}
