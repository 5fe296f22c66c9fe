/** The drawings that are kept: by all tabs of the page together, and by this one alone where the browser keeps none. */
import { signal } from '@preact/signals';
import type { Example } from './lab/teaching.js';
import { change, recall } from './storage.js';

type Drawings = readonly Example[];
type Change = (now: Drawings) => Drawings;

export const drawings = signal<Drawings>([]);

/** What the browser keeps, as last seen. */
let stored: Drawings = [];
/** What was done here and is not kept yet. */
let pending: readonly Change[] = [];
let last: Promise<unknown> = Promise.resolve();

let isListening = false;

const show = () => {
  drawings.value = pending.reduce<Drawings>((now, each) => each(now), stored);
};

const tabs = openChannel();

/** Undefined where the browser has no channels between tabs, or gives this page none. */
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

/** After what is being done: a change that the browser has not answered yet may still be made. */
function again(): Promise<void> {
  last = last.then(look);
  return last.then(() => {});
}

/** Shows the drawings that are kept, now and whenever another tab changes them. */
export function recallDrawings(): Promise<void> {
  if (isListening) return again();
  isListening = true;
  tabs?.addEventListener('message', () => void again());
  // A tab that slept heard nothing.
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') void again();
  });
  return again();
}

export const addDrawings = (added: Drawings) => apply((now) => [...now, ...added]);

/** Drawings have no names: of two that are the same, it does not matter which one goes. */
export const removeDrawings = (removed: Drawings) =>
  apply((now) => removed.reduce<Drawings>((left, each) => without(left, each), now));

/** Shows a change at once, and makes it in what all tabs keep. @throws Error when the browser does not keep it */
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
