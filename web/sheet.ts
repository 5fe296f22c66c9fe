/** The sheet on the pad: strokes or a kept image, with undo. */
import { signal } from '@preact/signals';
import { drawnSoFar, type Stroke } from './strokes.js';

/** Strokes, or 28 × 28 pixels whose strokes are not known. */
export type Sheet = readonly Stroke[] | Uint8Array;

/** Milliseconds in which a sample draws itself. */
const SAMPLE_MS = 600;
const MOST_HISTORY = 200;

export const sheet = signal<Sheet>([]);
export const canUndo = signal(false);

let history: readonly Sheet[] = [];
/** Whether the next stroke begins a new drawing: the present one is a sample, or was taught. */
let isDone = false;
let animation = 0;

const isEmpty = (what: Sheet) => what.length === 0;

function remember(): void {
  history = [...history, sheet.value].slice(-MOST_HISTORY);
  canUndo.value = true;
}

/** Stops a sample that is still drawing itself. */
function settle(): void {
  cancelAnimationFrame(animation);
}

function set(next: Sheet, done: boolean): void {
  settle();
  if (!isEmpty(sheet.value)) remember();
  sheet.value = next;
  isDone = done;
}

export function beginStroke(x: number, y: number): void {
  settle();
  remember();
  const before = isDone || sheet.value instanceof Uint8Array ? [] : sheet.value;
  isDone = false;
  sheet.value = [...before, [[x, y]]];
}

/** @param points  more points of the latest stroke */
export function extendStroke(points: Stroke): void {
  if (sheet.value instanceof Uint8Array) return;
  const last = sheet.value.at(-1) ?? [];
  sheet.value = [...sheet.value.slice(0, -1), [...last, ...points]];
}

/** Takes back the last stroke, or what replaced a drawing. */
export function undo(): void {
  settle();
  const before = history.at(-1);
  if (!before) return;
  history = history.slice(0, -1);
  canUndo.value = history.length > 0;
  sheet.value = before;
  isDone = false;
}

export function clear(): void {
  set([], false);
}

/** Makes the next stroke begin a new drawing. */
export function finishSheet(): void {
  isDone = true;
}

export function showImage(pixels: Uint8Array): void {
  set(pixels, true);
}

/** Draws a sample as a pen would, or at once for visitors who prefer reduced motion. */
export function drawSample(strokes: readonly Stroke[]): void {
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) {
    set(strokes, true);
    return;
  }
  set([], true);
  const begun = performance.now();
  const step = (now: number) => {
    const share = Math.min(1, Math.max(0, now - begun) / SAMPLE_MS);
    sheet.value = drawnSoFar(strokes, share);
    if (share < 1) animation = requestAnimationFrame(step);
  };
  animation = requestAnimationFrame(step);
}
