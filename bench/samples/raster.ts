/** The page's pad without a canvas: turns strokes into the image for the network. */
import { type Ink, normaliseDigit } from '../../web/drawing.js';
import type { Stroke } from '../../web/strokes.js';

/** As web/ui/hero/pad.tsx and web/strokes.ts have them. */
export const SIDE = 280;
const PEN = 22;

/**
 * The alpha channel of the pad. A pixel at the edge of a stroke is covered by the share that its distance to the stroke's
 * middle gives; the strokes are painted one over the other.
 */
export function inkOf(strokes: readonly Stroke[]): Ink {
  const values = new Float32Array(SIDE * SIDE);
  for (const stroke of strokes) {
    const layer = new Float32Array(SIDE * SIDE);
    for (const [i, [x, y]] of stroke.entries()) {
      const [fromX, fromY] = stroke[Math.max(i - 1, 0)];
      paint(layer, [fromX * SIDE, fromY * SIDE], [x * SIDE, y * SIDE]);
    }
    for (const [i, covered] of layer.entries()) values[i] += covered * (1 - values[i]);
  }
  return { values: values.map((value) => Math.round(255 * value)), width: SIDE, height: SIDE };
}

function paint(layer: Float32Array, from: [number, number], to: [number, number]): void {
  const [left, right] = [0, 1].map((end) => reach(from[0], to[0], end));
  const [top, bottom] = [0, 1].map((end) => reach(from[1], to[1], end));
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const covered = Math.min(1, PEN / 2 + 0.5 - distance([x + 0.5, y + 0.5], from, to));
      layer[y * SIDE + x] = Math.max(layer[y * SIDE + x], covered);
    }
  }
}

/** The first pixel that a piece can touch along an axis, or the one after the last. */
function reach(a: number, b: number, end: number): number {
  const place =
    end === 0 ? Math.floor(Math.min(a, b) - PEN / 2) - 1 : Math.ceil(Math.max(a, b) + PEN / 2) + 1;
  return Math.min(Math.max(place, 0), SIDE);
}

function distance([x, y]: [number, number], [ax, ay]: [number, number], [bx, by]: [number, number]): number {
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const share = length === 0 ? 0 : ((x - ax) * dx + (y - ay) * dy) / length;
  const t = Math.min(Math.max(share, 0), 1);
  return Math.hypot(x - ax - t * dx, y - ay - t * dy);
}

/** 28 × 28 bytes. */
export function pixelsOf(strokes: readonly Stroke[]): Uint8Array {
  const pixels = normaliseDigit(inkOf(strokes));
  if (!pixels) throw new Error('the drawing has no ink');
  return pixels;
}
