/** Interface of a peer: a name, and tasks that can be checked and timed. It does not know any peer. */

export const STEP_KINDS = ['full', 'wrapper', 'parametrization'] as const;
/** What is trained: every parameter, or A and B beside frozen layers, or A and B within their weights. */
export type StepKind = (typeof STEP_KINDS)[number];

export const EVALUATION_BATCHES = [10, 1000] as const;
export const MATMUL_SIZES = [512, 1024] as const;
export const LETTERS = ['NN', 'NT', 'TN'] as const;
/** Which operand is given transposed: the first, the second or none. */
export type Letters = (typeof LETTERS)[number];

export type TaskName = StepKind | `evaluation ${number | 'best'}` | `matmul ${number} ${Letters}`;

export const TASK_NAMES: readonly TaskName[] = [
  ...STEP_KINDS,
  ...EVALUATION_BATCHES.map((batchSize) => `evaluation ${batchSize}` as const),
  ...MATMUL_SIZES.flatMap((size) => LETTERS.map((letters) => `matmul ${size} ${letters}` as const)),
];

export interface Task {
  /** Does the task from the start and returns the values to compare: losses, wrong answers per digit, or a product. */
  check(): Promise<ArrayLike<number>>;
  /** Repeats the task, from the same start, for about this time and at least once. @returns the seconds of each call */
  time(ms: number): Promise<number[]>;
}

export interface Peer {
  readonly name: string;
  readonly version: string;
  readonly language: 'JavaScript' | 'Python';
  /** How the peer runs: build, threads, whose gradients. */
  readonly how: string;
  /** Tasks by name; the peer is compared only in these. */
  readonly tasks: ReadonlyMap<TaskName, Task>;
  dispose(): void;
}

/** A task of this process. */
export function task(parts: {
  /** Called before each check and each time slice; not timed. */
  reset?: () => Promise<void> | void;
  check: () => Promise<ArrayLike<number>> | ArrayLike<number>;
  run: () => Promise<void> | void;
}): Task {
  return {
    async check() {
      await parts.reset?.();
      return parts.check();
    },
    async time(ms) {
      await parts.reset?.();
      const seconds: number[] = [];
      const begun = performance.now();
      let now = begun;
      do {
        await parts.run();
        const after = performance.now();
        seconds.push((after - now) / 1000);
        now = after;
      } while (now - begun < ms);
      return seconds;
    },
  };
}

/** Adds to the counts per digit the images whose largest output, the first of equals, is another digit's. */
export function countWrong(wrong: number[], outputs: ArrayLike<number>, labels: Uint8Array): void {
  const classes = wrong.length;
  for (let i = 0; i < labels.length; i++) {
    let best = 0;
    for (let j = 1; j < classes; j++) {
      if (outputs[i * classes + j] > outputs[i * classes + best]) best = j;
    }
    if (best !== labels[i]) wrong[labels[i]] += 1;
  }
}
