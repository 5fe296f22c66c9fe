/**
 * Drawings for visitors who would rather watch: two that the network misreads and one that it reads. bench/samples measures
 * how other people's drawings of these kinds are read.
 */
import { joined, oval, slanted, through } from './curves.js';
import type { Stroke } from './strokes.js';

export interface Sample {
  readonly name: string;
  /** The digit that it is meant to be. */
  readonly label: number;
  /** Strokes in the order in which a hand writes them. */
  readonly strokes: readonly Stroke[];
}

const SLASHED_ZERO: Sample = {
  name: 'a slashed zero',
  label: 0,
  strokes: slanted(0.1, [
    oval({ centre: [0.5, 0.5], width: 0.47, height: 0.68, start: -1.35, sweep: -6.35 }),
    through(
      [
        [0.745, 0.195],
        [0.505, 0.505],
        [0.255, 0.805],
      ],
      20,
    ),
  ]),
};

const FLAGGED_ONE: Sample = {
  name: 'a one with a flag',
  label: 1,
  strokes: slanted(0.12, [
    joined(
      through(
        [
          [0.3, 0.42],
          [0.43, 0.3],
          [0.54, 0.14],
        ],
        16,
      ),
      through(
        [
          [0.54, 0.14],
          [0.55, 0.5],
          [0.54, 0.86],
        ],
        20,
      ),
    ),
  ]),
};

const BARRED_SEVEN: Sample = {
  name: 'a barred seven',
  label: 7,
  strokes: slanted(0.08, [
    joined(
      through(
        [
          [0.27, 0.19],
          [0.5, 0.175],
          [0.73, 0.18],
        ],
        16,
      ),
      through(
        [
          [0.73, 0.18],
          [0.56, 0.5],
          [0.46, 0.86],
        ],
        20,
      ),
    ),
    through(
      [
        [0.38, 0.53],
        [0.55, 0.52],
        [0.72, 0.5],
      ],
      16,
    ),
  ]),
};

export const SAMPLES: readonly Sample[] = [SLASHED_ZERO, FLAGGED_ONE, BARRED_SEVEN];
