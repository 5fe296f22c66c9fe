/** The network and adapter of the page, kept in the browser together. */
import { computed, signal } from '@preact/signals';
import { inTime } from './inTime.js';
import type { SavedModel } from './lab/views.js';
import { keep } from './storage.js';
import { reasonOf } from './work.js';

export const saved = signal<SavedModel>({});
export const adapter = computed(() => saved.value.adapter?.view);
export const baseTrainedHere = computed(() => saved.value.base !== undefined);

/** Sets another network or adapter, and keeps both together, so that those of two tabs never mix. */
export async function setSaved(next: SavedModel): Promise<void> {
  saved.value = next;
  await keepingSafely('model', keep({ base: next.base, adapter: next.adapter }));
}

/** Parts that are kept separately: one may be kept while the other is not. */
type Part = 'model' | 'drawings';

const failures = signal<ReadonlyMap<Part, string>>(new Map());

/** Why the browser does not keep the latest work; undefined while it does. */
export const notKept = computed<string | undefined>(() => [...failures.value.values()][0]);

export function closeNotKept(): void {
  failures.value = new Map();
}

function setFailure(part: Part, reason: string | undefined): void {
  const others = [...failures.value].filter(([each]) => each !== part);
  failures.value = new Map(reason === undefined ? others : [...others, [part, reason]]);
}

/** Waits a while until something is kept. Reports what is not kept, and withdraws the report if it is kept later. */
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
