/** The kept drawings: shared by all tabs of the page, or only in this tab if the browser keeps nothing. */
import { signal } from '@preact/signals';
import type { Example } from './lab/teaching.js';
import { change, recall } from './storage.js';

type Drawings = readonly Example[];
type Change = (now: Drawings) => Drawings;

export const drawings = signal<Drawings>([]);

/** The drawings that the browser keeps, as last seen. */
let stored: Drawings = [];
/** Changes that were made here and are not kept yet. */
let pending: readonly Change[] = [];
let last: Promise<unknown> = Promise.resolve();

let isListening = false;

const show = () => {
  drawings.value = pending.reduce<Drawings>((now, each) => each(now), stored);
};

const tabs = openChannel();

/** Channel between tabs; undefined if the browser has none, or refuses it to this page. */
function openChannel(): BroadcastChannel | undefined {
  try {
    return new BroadcastChannel('lowrank drawings');
  } catch {
    return undefined;
  }
}

async function look(): Promise<void> {
  const see = ({ drawings: found }: { readonly drawings?: Drawings }) => {
    if (!found) return;
    stored = found;
    show();
  };
  see(await recall(['drawings'], () => void again()));
}

/** Reads after the changes in progress, which the browser may still be making. */
function again(): Promise<void> {
  last = last.then(look);
  return last.then(() => {});
}

/** Shows the kept drawings, now and whenever another tab changes them. */
export function recallDrawings(): Promise<void> {
  if (isListening) return again();
  isListening = true;
  tabs?.addEventListener('message', () => void again());
  // A sleeping tab receives no messages.
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') void again();
  });
  return again();
}

export const addDrawings = (added: Drawings) => apply((now) => [...now, ...added]);

/** Removes drawings, which have no names: of two equal ones, either may go. */
export const removeDrawings = (removed: Drawings) =>
  apply((now) => removed.reduce<Drawings>((left, each) => without(left, each), now));

/** Shows a change at once, then makes it in the shared drawings. @throws Error when the browser does not keep it */
function apply(by: Change): Promise<void> {
  pending = [...pending, by];
  show();
  const done = last.then(async () => {
    const these = pending;
    if (these.length === 0) return;
    stored = await change('drawings', (now = []) => these.reduce<Drawings>((all, each) => each(all), now));
    pending = pending.slice(these.length);
    show();
    tabs?.postMessage(undefined);
  });
  last = done.catch(() => {});
  return done;
}

function without(all: Drawings, one: Example): Drawings {
  const place = all.findIndex((each) => isSame(each, one));
  return all.filter((_, i) => i !== place);
}

function isSame(a: Example, b: Example): boolean {
  return a.label === b.label && a.pixels.every((value, i) => value === b.pixels[i]);
}
