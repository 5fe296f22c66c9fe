/** Turns a drawing into an image like those of MNIST. */

const SIDE = 28;
/** Side of the box that a digit is scaled to, in pixels. */
const BOX = 20;

/** A picture of ink, 0 to 255 per pixel, row by row. */
export interface Ink {
  readonly values: ArrayLike<number>;
  readonly width: number;
  readonly height: number;
}

/**
 * The digit scaled into 20 × 20, keeping its shape, each pixel the mean of the ink it covers, and placed in
 * 28 × 28 with its centre of mass in the middle: the preparation of MNIST.
 * @returns undefined for a picture without ink
 * @see http://yann.lecun.com/exdb/mnist/
 */
export function normaliseDigit(ink: Ink): Uint8Array | undefined {
  const box = boxOf(ink);
  if (!box) return undefined;
  const side = Math.max(box.right - box.left, box.bottom - box.top);
  const size = side / BOX;
  const [columns, rows] = [(box.right - box.left) / size, (box.bottom - box.top) / size];
  /** The mean of the ink under pixel (x, y) of the scaled digit, whose corner is at (0, 0). */
  const scaled = (x: number, y: number) =>
    coverage(ink, box.left + x * size, box.top + y * size, Math.max(size, 1e-9));
  const grid = Array.from({ length: BOX * BOX }, (_, i) => {
    const [x, y] = [i % BOX, Math.floor(i / BOX)];
    return x < columns && y < rows ? scaled(x, y) : 0;
  });
  const mass = grid.reduce((sum, value) => sum + value, 0);
  const mean = (of: (i: number) => number) => grid.reduce((sum, value, i) => sum + value * of(i), 0) / mass;
  const shiftX = shiftOf(mean((i) => i % BOX));
  const shiftY = shiftOf(mean((i) => Math.floor(i / BOX)));
  const pixels = new Uint8Array(SIDE * SIDE);
  for (const [i, value] of grid.entries()) {
    const [x, y] = [(i % BOX) + shiftX, Math.floor(i / BOX) + shiftY];
    if (x >= 0 && x < SIDE && y >= 0 && y < SIDE) pixels[y * SIDE + x] = Math.round(value);
  }
  return pixels;
}

/** Shift that moves a centre of mass (a pixel position counted from 0) to 14, where MNIST's are on average. */
function shiftOf(centre: number): number {
  return Math.round(SIDE / 2 - centre);
}

function boxOf({ values, width, height }: Ink) {
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (let i = 0; i < width * height; i++) {
    if (values[i] === 0) continue;
    const [x, y] = [i % width, Math.floor(i / width)];
    left = Math.min(left, x);
    right = Math.max(right, x + 1);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y + 1);
  }
  return right > left ? { left, top, right, bottom } : undefined;
}

/** The mean over a square of the picture, with shares of the pixels at its edges. */
function coverage({ values, width, height }: Ink, left: number, top: number, size: number): number {
  let sum = 0;
  for (let y = Math.floor(top); y < Math.min(height, top + size); y++) {
    const tall = Math.min(y + 1, top + size) - Math.max(y, top);
    for (let x = Math.floor(left); x < Math.min(width, left + size); x++) {
      const wide = Math.min(x + 1, left + size) - Math.max(x, left);
      sum += wide * tall * values[y * width + x];
    }
  }
  return sum / (size * size);
}
