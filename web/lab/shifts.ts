/**
 * Copies of a drawing, each moved by one pixel. If the network's sum for the drawing's label is below 0, the ReLU on the
 * logits lets no gradient through, and the drawing on its own cannot be learned; for one of the copies the sum is nearly
 * always above 0.
 */
import { PIXELS } from './pixels.js';

const SIDE = Math.sqrt(PIXELS);
const MOVES = [
  [0, 0],
  [1, 0],
  [-1, 0],
  [0, 1],
  [0, -1],
] as const;

/** @returns the image and four moved copies */
export function withShifts(pixels: Uint8Array): Uint8Array[] {
  return MOVES.map(([dx, dy]) =>
    Uint8Array.from(pixels, (_, i) => {
      const [x, y] = [(i % SIDE) - dx, Math.floor(i / SIDE) - dy];
      return x >= 0 && x < SIDE && y >= 0 && y < SIDE ? pixels[y * SIDE + x] : 0;
    }),
  );
}
