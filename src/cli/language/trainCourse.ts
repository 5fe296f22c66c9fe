/** The course that follows from the options and the data: how large steps are, how many there are, and what happens when. */
import type { Schedule } from '../../core.js';
import { Random } from '../../core.js';
import type { PackedRows } from '../../text.js';
import { broken } from '../values.js';
import type { TrainCommand } from './trainOptions.js';

/** Trained tokens of a step, where there are enough of them. */
const BATCH_TOKENS = 1024;
/** The minimum number of steps for a small set, with a few to spare, as the last of a pass may be short. */
const LEAST_STEPS = 32;
const VALIDATIONS = 6;
const SAVE_EVERY = 10;
const WARMUP = 0.1;

export interface BatchSizes {
  readonly batchTokens?: number;
  readonly batchSize?: number;
}

export interface Course {
  /** Passes that steps are taken from; the last may be left before its end. */
  readonly epochs: number;
  readonly steps: number;
  readonly stepsPerEpoch: number;
  readonly schedule: Schedule;
  readonly validateEvery: number;
  readonly saveEvery: number;
}

/** @param pass  what one pass goes through */
export function batchSizes(
  { batchTokens, batchSize, epochs, iterations }: TrainCommand,
  pass: { readonly examples: number; readonly trainedTokens: number },
): BatchSizes {
  if (batchSize !== undefined) return { batchSize };
  if (batchTokens !== undefined) return { batchTokens };
  // A requested number of steps does not change their size.
  if (iterations !== undefined) return { batchTokens: BATCH_TOKENS };
  const { examples, trainedTokens } = pass;
  // A step ends after the example that fills it: with half of one too many, on average.
  const few = Math.floor((trainedTokens * epochs) / LEAST_STEPS - trainedTokens / examples / 2);
  return { batchTokens: Math.max(1, Math.min(BATCH_TOKENS, few)) };
}

/** Examples that are gone through to count the steps, in about ten seconds. */
const MOST_EXAMPLES = 100_000_000;

/** @throws UsageError for a warm-up of all steps, or more passes than can be counted */
export function courseOf(options: TrainCommand, rows: PackedRows): Course {
  const { iterations, shuffle, seed } = options;
  const stepsIn = (epochs: number) =>
    rows.stepCount({ batchSize: 1, epochs, random: shuffle ? new Random(seed).split('shuffle') : undefined });
  const stepsPerEpoch = stepsIn(1);
  let { epochs } = options;
  const most = Math.ceil(MOST_EXAMPLES / rows.length);
  if (iterations === undefined && epochs > most)
    throw broken('--epochs', `must be at most ${most} with these examples`, `${epochs}`);
  if (iterations !== undefined && iterations > most * stepsPerEpoch)
    throw broken(
      '--iterations',
      `must be at most ${most * stepsPerEpoch} with these examples`,
      `${iterations}`,
    );
  // Passes differ in their steps where the order does.
  if (iterations !== undefined)
    for (epochs = Math.ceil(iterations / stepsPerEpoch); stepsIn(epochs) < iterations; ) epochs++;
  const steps = iterations ?? stepsIn(epochs);
  return {
    ...{ epochs, steps, stepsPerEpoch },
    schedule: { kind: options.schedule, warmup: warmupSteps(options, steps) },
    validateEvery: options.validateEvery ?? Math.max(1, Math.ceil(steps / VALIDATIONS)),
    saveEvery: options.saveEvery ?? SAVE_EVERY,
  };
}

function warmupSteps({ warmup, schedule }: TrainCommand, steps: number): number {
  const given = warmup ?? (schedule === 'constant' ? 0 : WARMUP);
  const count = given < 1 ? Math.floor(given * steps) : given;
  if (count < steps) return count;
  throw broken('--warmup', `must be fewer than all steps, of which there are ${steps}`, `${given}`);
}
