/**
 * Digits as different people write them. A shape is written into a box 1 high with its middle at (0, 0), and a hand then
 * gives it slant, width, size and a slight tremble. All numbers come from the seed.
 */
import { Random } from '../../src/base/random.js';
import { joined, oval, through } from '../../web/curves.js';
import type { Point, Stroke } from '../../web/strokes.js';

export interface Kind {
  readonly name: string;
  readonly label: number;
  /** The kind with which it may be confused, whose drawings must still be read right afterwards. */
  readonly rival: string;
  readonly write: (pick: Pick) => readonly Stroke[];
}

/** A number between two, evenly distributed. */
type Pick = (low: number, high: number) => number;

const TURN = 2 * Math.PI;

function zero(pick: Pick): Stroke {
  // Most people start near the top and go against the clock; some leave a gap, some write over the start.
  const direction = pick(0, 1) < 0.85 ? -1 : 1;
  const start = -TURN / 4 + pick(-0.7, 0.7);
  const sweep = direction * TURN * pick(0.94, 1.1);
  return oval({ centre: [0, 0], width: pick(0.55, 0.9), height: 1, start, sweep, drift: pick(-0.12, 0.12) });
}

function slash(pick: Pick): Stroke {
  const angle = pick(0.45, 1.05);
  const bow = pick(-0.04, 0.04);
  const end = (side: 1 | -1): Point => {
    // From well inside the oval to far outside it.
    const length = pick(0.3, 0.68);
    return [side * length * Math.sin(angle), -side * length * Math.cos(angle)];
  };
  return through([end(1), [bow, bow], end(-1)]);
}

function dot(pick: Pick): Stroke {
  const [x, y, length] = [pick(-0.06, 0.06), pick(-0.08, 0.08), pick(0, 0.06)];
  return through([
    [x, y],
    [x + length, y + length / 2],
  ]);
}

function stem(pick: Pick, top: Point): Stroke {
  const foot = pick(-0.06, 0.06);
  return through([top, [(top[0] + foot) / 2 + pick(-0.025, 0.025), 0], [foot, 0.5]]);
}

function flag(pick: Pick): Stroke {
  const [length, angle, bow] = [pick(0.2, 0.55), pick(0.45, 1.1), pick(-0.03, 0.06)];
  const tip: Point = [-length * Math.cos(angle), -0.5 + length * Math.sin(angle)];
  return through([tip, [tip[0] / 2 + bow, (tip[1] - 0.5) / 2 + bow], [0, -0.5]]);
}

function foot(pick: Pick): Stroke {
  const [y, tilt] = [0.5 + pick(-0.03, 0.03), pick(-0.04, 0.04)];
  return through([
    [-pick(0.15, 0.38), y + tilt],
    [pick(0.15, 0.38), y - tilt],
  ]);
}

function seven(pick: Pick): Stroke {
  const [width, slope, wave] = [pick(0.5, 0.75), pick(-0.06, 0.04), pick(-0.04, 0.04)];
  const [left, right]: [Point, Point] = [
    [-width / 2, -0.5 - slope],
    [width / 2, -0.5 + slope],
  ];
  const end = pick(-0.3, 0.08);
  const bow = pick(-0.1, 0.03);
  const roof = through([left, [0, -0.5 + wave], right]);
  const down = through([right, [(right[0] + end) / 2 + bow, pick(-0.06, 0.06)], [end, 0.5]]);
  const hook = through([[left[0] + pick(-0.02, 0.03), left[1] + pick(0.08, 0.18)], left]);
  return pick(0, 1) < 0.3 ? joined(hook, roof, down) : joined(roof, down);
}

function bar(pick: Pick): Stroke {
  const [x, y, tilt] = [pick(-0.02, 0.1), pick(-0.06, 0.1), pick(-0.04, 0.06)];
  const length = pick(0.16, 0.3);
  return through([
    [x - length, y + tilt],
    [x + length, y - tilt],
  ]);
}

function four(pick: Pick, isClosed: boolean): readonly Stroke[] {
  const [height, left, upright] = [pick(0.02, 0.2), -pick(0.28, 0.42), pick(0.06, 0.2)];
  const top: Point = isClosed ? [upright, -0.5] : [left + pick(0.02, 0.2), -0.5 + pick(0, 0.08)];
  const elbow: Point = [left, height];
  const arm = joined(
    through([top, [(top[0] + left) / 2 + pick(-0.03, 0.03), (height - 0.5) / 2], elbow]),
    through([elbow, [upright + pick(0.1, 0.28), height + pick(-0.05, 0.04)]]),
  );
  const from = isClosed ? -0.5 : pick(-0.5, -0.25);
  return [
    arm,
    through([
      [upright, from],
      [upright + pick(-0.02, 0.02), 0],
      [upright + pick(-0.08, 0.04), 0.5],
    ]),
  ];
}

function two(pick: Pick): Stroke {
  const [width, corner] = [pick(0.24, 0.36), pick(0.4, 0.5)];
  const round = through([
    [-width, -0.5 + pick(0.14, 0.24)],
    [pick(-0.06, 0.06), -0.5],
    [width, -0.24 + pick(-0.05, 0.05)],
    [pick(-0.06, 0.06), pick(0.08, 0.2)],
    [-width, corner],
  ]);
  return joined(
    round,
    through([
      [-width, corner],
      [0, corner + pick(-0.06, 0.03)],
      [width, pick(0.42, 0.5)],
    ]),
  );
}

function eight(pick: Pick): Stroke {
  const [upper, lower, waist] = [pick(0.2, 0.3), pick(0.24, 0.36), pick(-0.1, 0.02)];
  const middle = (waist - 0.5) / 2;
  const low = (waist + 0.5) / 2;
  const end: Point = [upper * pick(0.5, 1), middle + pick(-0.12, 0.02)];
  return through([
    [upper * 0.8, middle - 0.1],
    [0, -0.5],
    [-upper, middle],
    [0, waist],
    [lower, low],
    [0, 0.5],
    [-lower, low],
    [0, waist],
    end,
  ]);
}

export const KINDS: readonly Kind[] = [
  { name: 'plain 0', label: 0, rival: 'plain 8', write: (pick) => [zero(pick)] },
  { name: 'slashed 0', label: 0, rival: 'plain 8', write: (pick) => [zero(pick), slash(pick)] },
  { name: 'dotted 0', label: 0, rival: 'plain 8', write: (pick) => [zero(pick), dot(pick)] },
  { name: 'plain 1', label: 1, rival: 'plain 7', write: (pick) => [stem(pick, [0, -0.5])] },
  { name: 'flagged 1', label: 1, rival: 'plain 7', write: (pick) => [flagged(pick)] },
  { name: 'flagged 1, foot', label: 1, rival: 'plain 2', write: (pick) => [flagged(pick), foot(pick)] },
  { name: 'plain 2', label: 2, rival: 'plain 7', write: (pick) => [two(pick)] },
  { name: 'barred 2', label: 2, rival: 'plain 7', write: (pick) => [two(pick), bar(pick)] },
  { name: 'closed 4', label: 4, rival: 'plain 8', write: (pick) => four(pick, true) },
  { name: 'open 4', label: 4, rival: 'plain 8', write: (pick) => four(pick, false) },
  { name: 'plain 7', label: 7, rival: 'plain 1', write: (pick) => [seven(pick)] },
  { name: 'barred 7', label: 7, rival: 'plain 2', write: (pick) => [seven(pick), bar(pick)] },
  { name: 'plain 8', label: 8, rival: 'plain 0', write: (pick) => [eight(pick)] },
];

function flagged(pick: Pick): Stroke {
  return joined(flag(pick), stem(pick, [0, -0.5]));
}

/** A shape drawn by one person. @param seed  seed of the person */
export function drawing({ name, write }: Kind, seed: number): readonly Stroke[] {
  const random = new Random(seed).split(name);
  const pick: Pick = (low, high) => low + (high - low) * random.uniform();
  const strokes = write(pick);
  const [size, width] = [pick(0.5, 0.8), pick(0.8, 1.1)];
  // Right-handed people lean to the right, a few to the left.
  const [slant, turn] = [pick(-0.12, 0.35), pick(-0.08, 0.08)];
  const [tremble, phase, waves] = [pick(0, 0.012), pick(0, TURN), pick(6, 14)];
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  return strokes.map((stroke) =>
    stroke.map(([x, y]) => {
      const along = waves * (x + 1.3 * y) + phase;
      const px = width * x - slant * y + tremble * Math.sin(along);
      const py = y + tremble * Math.cos(1.4 * along);
      return [0.5 + size * (cos * px - sin * py), 0.5 + size * (sin * px + cos * py)];
    }),
  );
}
