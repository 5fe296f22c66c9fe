/** The tasks that the options ask for. */

import { browserTask } from './browserTask.js';
import type { Task } from './contender.js';
import type { Options } from './options.js';
import { FORMATS } from './participants.js';
import type { CheckPrompt } from './textSlice.js';
import { textTask, weightsTask } from './textTask.js';
import type { RowWork } from './training.js';
import { jobTask, rowTask, scalingTask, threadsTask } from './trainingTasks.js';
import type { Variant } from './variant.js';

const BATCH_SIZE = 8;
const ROW_TOKENS = 256;
const CHECK_TOKENS = 12;

export interface Prepared {
  /** Directory of the initial adapter of the training. */
  readonly adapter: string;
  /** Prompts whose greedy continuations are compared. */
  readonly checkPrompts: readonly CheckPrompt[];
  /** Examples of the job as token ids and labels; undefined where there are none. */
  readonly examples: string | undefined;
}

export function tasksOf(
  options: Options,
  there: readonly Variant[],
  { adapter, checkPrompts, examples }: Prepared,
): Task[] {
  const { model, rows, quick, threads } = options;
  const some = (all: readonly Variant[]) => (quick ? [...new Set([all[0], all[all.length - 1]])] : all);
  const variants = some(there);
  // Tasks that compare lowrank with itself give much the same result for all variants.
  const alone = quick ? variants.slice(0, 1) : variants;
  const given = { model, adapter, threads: 1 };
  const several = { ...given, threads };
  const sizes = quick ? { steps: 1, checkSteps: 2 } : { steps: 2, checkSteps: 3 };
  const row: RowWork = { kind: 'row', tokens: ROW_TOKENS, examples: 1, ...sizes };
  const job = { kind: 'job', examples: examples ?? '', batchSize: BATCH_SIZE, ...sizes } as const;
  const text = { promptTokens: 256, tokens: quick ? 32 : 64, checkPrompts, checkTokens: CHECK_TOKENS };
  const tasks: Task[] = [];
  if (rows.includes('job') && examples !== undefined) {
    tasks.push(jobTask(given, variants, job));
    if (threads > 1 && !quick) tasks.push(jobTask(several, variants, job));
  }
  if (rows.includes('row')) tasks.push(rowTask(given, variants, row));
  if (rows.includes('text')) tasks.push(textTask(given, variants, text));
  if (rows.includes('weights')) tasks.push(weightsTask(given, variants[0], text));
  if (rows.includes('browser')) {
    const inPage = quick ? { ...text, promptTokens: 64, tokens: 16 } : text;
    const formats = quick ? FORMATS.slice(0, 1) : FORMATS;
    // Chromium has its own builds.
    const inChromium = some(options.variants);
    tasks.push(browserTask(given, inChromium, inPage, formats));
    if (threads > 1 && !quick) tasks.push(browserTask(several, inChromium, inPage, formats));
  }
  if (rows.includes('threads') && threads > 1) tasks.push(threadsTask(several, alone, row));
  if (rows.includes('scaling')) {
    for (const variant of alone) tasks.push(scalingTask(given, variant, { work: row, quick }));
  }
  return tasks;
}
