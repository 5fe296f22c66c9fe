/** Runs the contenders of a task in turn, so that changes of the machine's speed affect all of them. */
import type { Running, Samples, Task } from './contender.js';

export interface Entry {
  readonly name: string;
  readonly how: string;
  /** The reason why its answer is wrong, or what it threw; its times are then meaningless. */
  wrong: string | undefined;
  /** Samples of each round. */
  readonly rounds: Samples[];
  peakBytes: number | undefined;
}

export interface TaskRun {
  readonly task: Task;
  readonly entries: readonly Entry[];
  /** A sentence for each contender that could not take part. */
  readonly leftOut: readonly string[];
}

type Tell = (line: string) => void;

/** Runs a task. All contenders are started and checked before any is timed; each round begins with a different one. */
export async function runTask(task: Task, rounds: number, tell: Tell): Promise<TaskRun> {
  tell(`\n${task.title}`);
  const leftOut: string[] = [];
  const running = new Map<Entry, Running>();
  try {
    for (const contender of task.contenders) {
      try {
        const started = await contender.start();
        const { how } = started;
        running.set(
          { name: contender.name, how, wrong: undefined, rounds: [], peakBytes: undefined },
          started,
        );
      } catch (error) {
        leftOut.push(`${contender.name}: ${messageOf(error)}`);
        tell(`left out: ${leftOut.at(-1)}`);
      }
    }
    await checkAll(task, running, tell);
    await timeAll(running, rounds, tell);
  } finally {
    for (const each of running.values()) await each.end();
  }
  return { task, entries: [...running.keys()], leftOut };
}

async function checkAll(task: Task, running: ReadonlyMap<Entry, Running>, tell: Tell): Promise<void> {
  const answers = new Map<string, readonly number[]>();
  for (const [entry, each] of running) {
    try {
      answers.set(entry.name, await each.check());
    } catch (error) {
      entry.wrong = `failed: ${messageOf(error)}`;
    }
  }
  const wrong = task.judge(answers);
  for (const entry of running.keys()) {
    entry.wrong ??= wrong.get(entry.name);
    if (entry.wrong) tell(`wrong: ${entry.name}: ${entry.wrong}`);
  }
}

async function timeAll(running: ReadonlyMap<Entry, Running>, rounds: number, tell: Tell): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const begun = performance.now();
    const right = [...running].filter(([{ wrong }]) => wrong === undefined);
    for (let i = 0; i < right.length; i++) {
      const [entry, each] = right[(i + round) % right.length];
      try {
        entry.rounds.push(await each.time(round));
        entry.peakBytes = each.peakBytes;
      } catch (error) {
        entry.wrong = `failed: ${messageOf(error)}`;
        tell(`wrong: ${entry.name}: ${entry.wrong}`);
      }
    }
    tell(`round ${round + 1} of ${rounds}: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
