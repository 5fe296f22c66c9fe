/** Drawings that draw themselves. */
import type { Stroke } from './strokes.js';

export interface Sample {
  readonly name: string;
  /** Shown on its button. */
  readonly sign: string;
  readonly label: number;
  readonly strokes: readonly Stroke[];
}

const oval: Stroke = Array.from({ length: 49 }, (_, i) => {
  const angle = (2 * Math.PI * i) / 48 - Math.PI / 2;
  return [0.5 + 0.2 * Math.cos(angle), 0.5 + 0.3 * Math.sin(angle)] as const;
});

const line = (...[from, to]: [readonly [number, number], readonly [number, number]]): Stroke =>
  Array.from({ length: 17 }, (_, i) => [
    from[0] + ((to[0] - from[0]) * i) / 16,
    from[1] + ((to[1] - from[1]) * i) / 16,
  ]);

export const SAMPLES: readonly Sample[] = [
  { name: 'a slashed zero', sign: '∅', label: 0, strokes: [oval, line([0.66, 0.24], [0.34, 0.76])] },
];
