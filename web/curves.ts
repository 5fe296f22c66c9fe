/** Pen lines as points that are close enough to look smooth. Lengths are shares of the pad's side; y points down. */

import type { Point, Stroke } from './strokes.js';

export interface Oval {
  readonly centre: Point;
  readonly width: number;
  readonly height: number;
  /** Where the pen begins, in radians: 0 is the right side, −π/2 the top. */
  readonly start: number;
  /** Radians that the pen travels; negative is anticlockwise. */
  readonly sweep: number;
  /** Growth of the oval from start to end, so that the line comes back beside itself. */
  readonly drift?: number;
}

export function oval({ centre: [x, y], width, height, start, sweep, drift = 0 }: Oval, count = 64): Stroke {
  return Array.from({ length: count }, (_, i) => {
    const share = i / (count - 1);
    const angle = start + sweep * share;
    const grown = (1 + drift * share) / 2;
    return [x + grown * width * Math.cos(angle), y + grown * height * Math.sin(angle)];
  });
}

/** A smooth line through points, with the same number of steps between neighbours (Catmull and Rom). */
export function through(points: readonly Point[], steps = 12): Stroke {
  const at = (i: number) => points[Math.min(Math.max(i, 0), points.length - 1)];
  const line = points.slice(1).flatMap((_, i) =>
    Array.from({ length: steps }, (_, step): Point => {
      const t = step / steps;
      const on = (axis: 0 | 1) => {
        const [a, b, c, d] = [-1, 0, 1, 2].map((offset) => at(i + offset)[axis]);
        return b + (t / 2) * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
      };
      return [on(0), on(1)];
    }),
  );
  return [...line, at(points.length)];
}

/** Joins lines, with a corner where they meet. */
export function joined(...lines: readonly Stroke[]): Stroke {
  return lines.flatMap((line, i) => (i === 0 ? line : line.slice(1)));
}

/** Slants upright writing to the right by a share of its height. */
export function slanted(share: number, strokes: readonly Stroke[]): readonly Stroke[] {
  return strokes.map((stroke) => stroke.map(([x, y]): Point => [x + share * (0.5 - y), y]));
}
