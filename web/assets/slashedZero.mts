/** A slashed zero as a person draws it on the pad, and as the network gets it. */
import { createCanvas } from '@napi-rs/canvas';
import { normaliseDigit } from '../drawing.js';

/** The pad's pixels and pen. */
export const SIDE = 280;
const PEN = 22;

type Point = readonly [x: number, y: number];

const ROUND: readonly Point[] = Array.from({ length: 61 }, (_, i) => {
  const angle = -Math.PI / 2 - (i / 60) * 2 * Math.PI;
  return [140 + 62 * Math.cos(angle), 140 + 88 * Math.sin(angle)];
});
const SLASH: readonly Point[] = [
  [196, 62],
  [84, 218],
];

/** Draws it. @param context  of a canvas, or scaled as if it were one, of 280 × 280 */
export function strokeZero(
  context: ReturnType<ReturnType<typeof createCanvas>['getContext']>,
  color: string,
): void {
  Object.assign(context, { lineWidth: PEN, lineCap: 'round', lineJoin: 'round', strokeStyle: color });
  for (const [first, ...rest] of [ROUND, SLASH]) {
    context.beginPath();
    context.moveTo(...first);
    for (const point of rest) context.lineTo(...point);
    context.stroke();
  }
}

/** @returns 28 × 28 bytes */
export function zeroPixels(): Uint8Array {
  const context = createCanvas(SIDE, SIDE).getContext('2d');
  strokeZero(context, '#fff');
  const { data } = context.getImageData(0, 0, SIDE, SIDE);
  const values = Uint8Array.from({ length: SIDE * SIDE }, (_, i) => data[4 * i + 3]);
  const pixels = normaliseDigit({ values, width: SIDE, height: SIDE });
  if (!pixels) throw new Error('the slashed zero has no ink');
  return pixels;
}
