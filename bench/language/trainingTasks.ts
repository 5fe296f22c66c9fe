/** Training: the real job, one packed row, two threads against one, and the cost of doubling the work. */
import type { Contender, Goal, Metric, Task } from './contender.js';
import { judgeLosses } from './judges.js';
import { type Given, lowrankTraining, PEFT, peftTraining } from './participants.js';
import type { RowWork, TrainingWork } from './training.js';
import { type Variant, variantName } from './variant.js';

const EXACT_BOUND = 1e-4;
const FAST_BOUND = 2e-3;
const CHECKED = `training: the losses of the first steps from the same adapter agree within ${EXACT_BOUND} relative, those of fast within ${FAST_BOUND}`;

/** Goals against PyTorch + PEFT, by variant; `fastest`, which trains as `fast` does, has the same goals. */
type Bounds = Readonly<Record<`${Variant['build']}, ${'exact' | 'fast'}`, number>>;

const JOB_BOUNDS: Bounds = {
  'simd, exact': 1.2,
  'relaxed, exact': 1.4,
  'simd, fast': 1.6,
  'relaxed, fast': 1.8,
};
const ROW_BOUNDS: Bounds = {
  ...{ 'simd, exact': 0.56, 'relaxed, exact': 0.68 },
  ...{ 'simd, fast': 0.77, 'relaxed, fast': 0.85 },
};

/** Trained tokens per second of the real job, counting only optimizer steps. */
export function jobTask(given: Given, variants: readonly Variant[], work: TrainingWork): Task {
  const title = `Real job (chatterbot tech_support + trivia, 8 examples a step), ${threadsOf(given)}`;
  return againstPeft(title, 'trained tokens/s', { given, variants, work, bounds: JOB_BOUNDS });
}

export function rowTask(given: Given, variants: readonly Variant[], work: RowWork): Task {
  const title = `One row of ${work.tokens} random tokens, every token trained, ${threadsOf(given)}`;
  return againstPeft(title, 'tokens/s', { given, variants, work, bounds: ROW_BOUNDS });
}

interface Compared {
  readonly given: Given;
  readonly variants: readonly Variant[];
  readonly work: TrainingWork;
  readonly bounds: Bounds;
}

function againstPeft(title: string, unit: string, { given, variants, work, bounds }: Compared): Task {
  const goals = variants.map((variant) => ({
    of: variantName(variant),
    against: [PEFT],
    bound: bounds[`${variant.build}, ${variant.precision === 'exact' ? 'exact' : 'fast'}`],
  }));
  const contenders = [
    ...variants.map((variant) => lowrankTraining(given, variant, { work })),
    peftTraining(given, work),
  ];
  return trainingTask({ title, unit, kind: 'rate', goals }, contenders, given.threads);
}

/** One row on one thread and on several. */
export function threadsTask(given: Given, variants: readonly Variant[], work: RowWork): Task {
  const { threads } = given;
  const name = (variant: Variant, count: number) =>
    `${variantName(variant)}, ${count === 1 ? '1 thread' : `${count} threads`}`;
  const contenders = variants.flatMap((variant) =>
    [1, threads].map((count) =>
      lowrankTraining({ ...given, threads: count }, variant, { work, name: name(variant, count) }),
    ),
  );
  const goals = variants.map((variant) => ({
    of: name(variant, threads),
    against: [name(variant, 1)],
    bound: 0.9 * threads,
  }));
  const title = `Several threads against one, one row of ${work.tokens} tokens`;
  return trainingTask({ title, unit: 'tokens/s', kind: 'rate', goals }, contenders, threads);
}

interface Scaled {
  readonly name: string;
  readonly work: RowWork;
  readonly rank?: number;
  readonly halfOfLayers?: boolean;
}

export interface Scaling {
  /** The row whose double is compared with it. */
  readonly work: RowWork;
  /** Whether to leave out the longest row and the packed examples. */
  readonly quick: boolean;
}

/** The cost of a step with twice the tokens, examples, layers and rank. */
export function scalingTask(given: Given, variant: Variant, { work, quick }: Scaling): Task {
  const row = (tokens: number, examples = 1): RowWork => ({ ...work, tokens, examples, unit: 'steps' });
  const base = { name: '256 tokens', work: row(256) };
  const long: Scaled[] = [
    { name: '1,024 tokens', work: row(1024) },
    { name: '4 examples of 64 tokens', work: row(64, 4) },
    { name: '8 examples of 64 tokens', work: row(64, 8) },
  ];
  const works: Scaled[] = [
    base,
    { name: '512 tokens', work: row(512) },
    ...(quick ? [] : long),
    { ...base, name: '256 tokens, half of the layers', halfOfLayers: true },
    { ...base, name: '256 tokens, rank 16', rank: 16 },
  ];
  const goals: Goal[] = [
    most('512 tokens', base.name, 2.15),
    most('1,024 tokens', '512 tokens', 2.3),
    most('8 examples of 64 tokens', '4 examples of 64 tokens', 2.05),
    most(base.name, '256 tokens, half of the layers', 2.05),
    most('256 tokens, rank 16', base.name, 1.1),
  ];
  const contenders = works.map((each) => lowrankTraining(given, variant, each));
  const title = `What twice as much costs, ${variantName(variant)}`;
  return {
    ...trainingTask({ title, unit: 's a step', kind: 'time', goals }, contenders, given.threads),
    checked: 'what twice as much costs: the losses of the first steps on one row fall',
    judge: judgeFalling,
  };
}

/** Different works have different losses, but each trains the same row again and again. */
function judgeFalling(answers: ReadonlyMap<string, readonly number[]>): Map<string, string> {
  const falls = (losses: readonly number[]) =>
    losses.length > 0 && losses.every((loss, i) => loss > 0 && (i === 0 || loss < losses[i - 1]));
  return new Map(
    [...answers].filter(([, losses]) => !falls(losses)).map(([name, losses]) => [name, `losses ${losses}`]),
  );
}

function most(of: string, against: string, bound: number): Goal {
  return { of, against: [against], bound, isMost: true };
}

function trainingTask(
  { title, ...metric }: Omit<Metric, 'id'>,
  contenders: readonly Contender[],
  threads: number,
): Task {
  return {
    ...{ title, contenders, isWallOnly: threads > 1, checked: CHECKED },
    metrics: [{ id: 'train', title, ...metric }],
    judge: (answers) =>
      judgeLosses(answers, [PEFT], (name) => (name.includes('fast') ? FAST_BOUND : EXACT_BOUND)),
  };
}

function threadsOf({ threads }: Given): string {
  return threads === 1 ? 'one thread' : `${threads} threads`;
}
