/** The texts of the figure. */
import { integer } from '../../format.js';
import type { Inside, InsideLayer } from '../../lab/views.js';
import { adapterSize, type Effect, moved, NETWORK_SIZE } from './numbers.js';
import { type Shown, signed } from './parts.js';

/** Relative change of A below which it still looks like noise. */
const LOOKS_LIKE_NOISE = 0.5;

/** The size of an adapter compared with the network's. */
export function countText(count: number): string {
  const percent = ((100 * count) / NETWORK_SIZE).toFixed(1);
  return `${integer(count)} numbers, ${percent} % of the network's ${integer(NETWORK_SIZE)}`;
}

/** Size of the adapter; one from a file may train more or fewer numbers than one that is taught here. */
export function sizeOf(inside: Inside, rank: number, isShown: boolean): number {
  return isShown && inside.adapter ? inside.adapter.trainable : adapterSize(inside.layers, rank);
}

export function captionText({ inFeatures, outFeatures }: InsideLayer, shown: Shown | undefined): string {
  if (!shown) return 'W is frozen, and this adapter does not change this layer.';
  const { rank } = shown;
  const product = `${rank} × (${inFeatures} + ${outFeatures}) = ${integer(rank * (inFeatures + outFeatures))}`;
  return `W is frozen: only A and B are trained. B·A has the size of W, but it is made of ${product} numbers.`;
}

/** What can be seen in A and B. */
export function stateText(
  { adapter }: Inside,
  { shown, isShown }: { readonly shown: Shown | undefined; readonly isShown: boolean },
): string {
  const start = 'A starts as noise, B as zeros: initially B·A is zero and changes nothing.';
  if (!adapter) return start;
  if (!isShown) return `${start} Your adapter has rank ${adapter.rank}.`;
  if (!shown) return '';
  if (!shown.start) return 'This adapter comes from a file, which does not say how A started.';
  const share = moved(shown.a, shown.start);
  const percent = share < 0.01 ? 'less than 1' : `${Math.round(100 * share)}`;
  const looks = share < LOOKS_LIKE_NOISE ? ', so it still looks like noise' : '';
  return `A has moved by ${percent} % from the noise it started with${looks}. B started as zeros: everything you see in it was learned.`;
}

/** How much stronger or weaker the change is drawn than the weights; '' if it is not. */
export function strengthText(scale: number, changeScale: number): string {
  const times = scale / changeScale;
  if (times >= 1.15)
    return `The change is drawn ${times.toPrecision(2)} times stronger, so that you can see it.`;
  if (times <= 0.87) {
    return `The change is drawn ${(1 / times).toPrecision(2)} times weaker, because it is larger than what was there.`;
  }
  return '';
}

/** Why much of the change looks like noise; '' if it may not. */
export function noiseText({ adapter, layers: [first] }: Inside): string {
  const start = adapter?.isTaughtHere && first.factors && first.starts.get(first.factors.rank);
  return start && first.factors && moved(first.factors.a, start) < LOOKS_LIKE_NOISE
    ? 'Much of the change is noise, because A, which it is made from, is still mostly noise.'
    : '';
}

export function effectText(digit: number, { before, after, fromInk, fromPaper }: Effect): string {
  const size = (value: number) => signed(round(Math.abs(value)));
  return (
    `Through the change, your ink ${fromInk < 0 ? 'takes' : 'adds'} ${size(fromInk)} ` +
    `${fromInk < 0 ? 'from' : 'to'} the score of ${digit}. ` +
    `Even without ink that score would ${fromPaper < 0 ? 'fall' : 'rise'} by ${size(fromPaper)}. ` +
    `Together it goes from ${signed(round(before))} to ${signed(round(after))}` +
    `${before < 0 || after < 0 ? '; the network counts a score below 0 as 0' : ''}.`
  );
}

const round = (value: number) => Math.round(10 * value) / 10;
