import { describe, expect, it } from 'vitest';
import { mnistFiles } from '../../src/node.js';
import { normaliseDigit } from '../../web/drawing.js';

/** A picture with full ink where `isInk` says so. */
function picture(side: number, isInk: (x: number, y: number) => boolean) {
  const values = Uint8Array.from({ length: side * side }, (_, i) =>
    isInk(i % side, Math.floor(i / side)) ? 255 : 0,
  );
  return { values, width: side, height: side };
}

/** Bounding box and centre of mass. */
function measures(pixels: Uint8Array) {
  let [left, top, right, bottom, mass, sumX, sumY] = [28, 28, -1, -1, 0, 0, 0];
  for (const [i, value] of pixels.entries()) {
    if (value === 0) continue;
    const [x, y] = [i % 28, Math.floor(i / 28)];
    [left, top, right, bottom] = [
      Math.min(left, x),
      Math.min(top, y),
      Math.max(right, x),
      Math.max(bottom, y),
    ];
    mass += value;
    sumX += value * x;
    sumY += value * y;
  }
  return { width: right - left + 1, height: bottom - top + 1, x: sumX / mass, y: sumY / mass, mass };
}

describe('normaliseDigit', () => {
  it('is nothing for an empty picture', () => {
    expect(normaliseDigit(picture(280, () => false))).toBeUndefined();
  });

  it.each([
    ['a tall bar at the left', 280, (x: number, y: number) => x >= 10 && x < 40 && y >= 20 && y < 220, 3, 20],
    [
      'a wide bar at the bottom',
      280,
      (x: number, y: number) => x >= 30 && x < 250 && y >= 240 && y < 262,
      20,
      2,
    ],
    ['a small square', 280, (x: number, y: number) => x >= 5 && x < 9 && y >= 200 && y < 204, 20, 20],
    [
      'a picture smaller than its image',
      14,
      (x: number, y: number) => x >= 2 && x < 12 && y >= 2 && y < 12,
      20,
      20,
    ],
  ])('scales %s to 20 and puts its mass into the middle', (_, side, isInk, width, height) => {
    const pixels = normaliseDigit(picture(side, isInk));
    if (!pixels) throw new Error('there is ink');
    const found = measures(pixels);
    expect(found.width).toBe(width);
    expect(found.height).toBe(height);
    expect(Math.abs(found.x - 14)).toBeLessThanOrEqual(0.5);
    expect(Math.abs(found.y - 14)).toBeLessThanOrEqual(0.5);
  });

  it('keeps the ink, and is the same wherever the digit stands', () => {
    const ring = (cx: number, cy: number) => (x: number, y: number) =>
      Math.abs(Math.hypot(x - cx, (y - cy) * 0.7) - 50) < 12;
    const one = normaliseDigit(picture(280, ring(90, 110)));
    const two = normaliseDigit(picture(280, ring(170, 160)));
    expect(one).toEqual(two);
    const inked = Array.from(picture(280, ring(90, 110)).values).filter((value) => value > 0).length;
    const { mass } = measures(one ?? new Uint8Array());
    // The taller side, 2 · 62 / 0.7, became 20 pixels.
    expect(mass / 255 / (inked * (20 / (124 / 0.7)) ** 2)).toBeCloseTo(1, 1);
  });
});

it('leaves the digits of MNIST where and as they are', async () => {
  const { testImages } = await mnistFiles();
  let same = 0;
  for (let i = 0; i < 50; i++) {
    const image = testImages.bytes.subarray(16 + 784 * i, 16 + 784 * (i + 1));
    const again = normaliseDigit({ values: image, width: 28, height: 28 }) ?? new Uint8Array(784);
    const [a, b] = [Array.from(image), Array.from(again)];
    const dot = (p: number[], q: number[]) => p.reduce((sum, value, k) => sum + value * q[k], 0);
    if (dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)) > 0.99) same += 1;
  }
  expect(same).toBeGreaterThan(45);
});
