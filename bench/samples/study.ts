/** Measures how the base reads many people's digits, and what one tap changes. */
import type { StateDict } from '../../src/index.js';
import { networkOn } from '../../web/lab/networks.js';
import { withShifts } from '../../web/lab/shifts.js';
import type { Learner, Reading } from './learner.js';
import { pixelsOf } from './raster.js';
import { drawing, KINDS, type Kind } from './shapes.js';

/** People, each of whom draws each kind once. */
export const HANDS = 40;
/** Number of drawings that are taught together. */
export const TEN = 10;

export type Drawings = ReadonlyMap<string, readonly Uint8Array[]>;

/** One drawing per person of each kind, by the name of the kind. */
export function allDrawings(): Drawings {
  const byHand = (kind: Kind) => Array.from({ length: HANDS }, (_, seed) => pixelsOf(drawing(kind, seed)));
  return new Map(KINDS.map((kind) => [kind.name, byHand(kind)]));
}

/** The answers of a network to all drawings and images. */
interface Answers {
  readonly readings: ReadonlyMap<string, readonly Reading[]>;
  /** Whether each quick test image is read right. */
  readonly quick: readonly boolean[];
}

type Network = Parameters<Learner['read']>[0];

async function answersOf(learner: Learner, model: Network, drawings: Drawings): Promise<Answers> {
  const readings = new Map<string, readonly Reading[]>();
  for (const [name, each] of drawings) readings.set(name, await learner.read(model, each));
  return { readings, quick: await learner.quickRight(model) };
}

export async function baseAnswers(learner: Learner, base: StateDict, drawings: Drawings): Promise<Answers> {
  const { model } = networkOn(learner.device, base);
  const answers = await answersOf(learner, model, drawings);
  model.dispose();
  return answers;
}

/** How drawings are taught. */
export interface Way {
  /** Share of old digits. */
  readonly replay: number;
  /** Whether each drawing is accompanied by copies that are shifted by one pixel. */
  readonly hasShifts: boolean;
}

/** Results of one lesson; numbers of drawings except for the probability. */
export interface Lesson {
  /** Taught drawings that are read as their label, of how many. */
  readonly learned: number;
  readonly taught: number;
  /** The lowest probability of a taught drawing's label. */
  readonly probability: number;
  /** Other people's drawings of the kind that are read right, before and after, of how many. */
  readonly others: readonly [before: number, after: number, count: number];
  readonly rival: readonly [before: number, after: number];
  readonly quick: { readonly turnedRight: number; readonly turnedWrong: number };
}

const rightOf = (readings: readonly Reading[], label: number) =>
  readings.filter(({ digit }) => digit === label).length;

export class Study {
  constructor(
    readonly learner: Learner,
    readonly base: StateDict,
    readonly drawings: Drawings,
    readonly before: Answers,
  ) {}

  /** Hands whose drawing of a kind the base misreads. */
  misread({ name, label }: Kind): number[] {
    const readings = this.before.readings.get(name) ?? [];
    return [...readings.keys()].filter((hand) => readings[hand].digit !== label);
  }

  /** Teaches drawings of a kind together. */
  async lesson(kind: Kind, hands: readonly number[], { replay, hasShifts }: Way): Promise<Lesson> {
    const { name, label, rival } = kind;
    const drawn = this.drawings.get(name) ?? [];
    const images = hands.flatMap((hand) => (hasShifts ? withShifts(drawn[hand]) : [drawn[hand]]));
    const examples = images.map((pixels) => ({ pixels, label }));
    const model = await this.learner.taught(this.base, examples, replay);
    const after = await answersOf(this.learner, model, this.drawings);
    model.dispose();
    const own = hands.map((hand) => after.readings.get(name)?.[hand]).filter((each) => each !== undefined);
    const othersOf = ({ readings }: Answers) =>
      (readings.get(name) ?? []).filter((_, hand) => !hands.includes(hand));
    const rivalLabel = KINDS.find((each) => each.name === rival)?.label ?? -1;
    const rivals = ({ readings }: Answers) => rightOf(readings.get(rival) ?? [], rivalLabel);
    const turned = (to: boolean) =>
      after.quick.filter((isRight, i) => isRight === to && this.before.quick[i] !== to).length;
    return {
      learned: rightOf(own, label),
      taught: hands.length,
      probability: Math.min(...own.map(({ probabilities }) => probabilities[label])),
      others: [rightOf(othersOf(this.before), label), rightOf(othersOf(after), label), HANDS - hands.length],
      rival: [rivals(this.before), rivals(after)],
      quick: { turnedRight: turned(true), turnedWrong: turned(false) },
    };
  }
}
