/** What is measured: tasks, and who takes part in them. It knows no contender. */
import { LineProcess, type LineProcessOptions } from '../lineProcess.js';

/** One slice of work, and how long it took. */
export interface Sample {
  /** Tokens or steps, as the metric says. */
  readonly work: number;
  /** On the wall clock. */
  readonly seconds: number;
  /** Of all threads of the process; absent where that is not known. */
  readonly cpuSeconds?: number;
}

/** By the metric's id. */
export type Samples = Readonly<Record<string, Sample>>;

export interface Running {
  /** Version, build and threads. */
  readonly how: string;
  /** Does the work from the start and gives what is compared: losses, or token ids. It also warms up. */
  check(): Promise<readonly number[]>;
  /** Does one slice. Equal rounds are equal work for all contenders of a task. */
  time(round: number): Promise<Samples>;
  /** The most memory of the whole process so far; undefined where that is not known. */
  readonly peakBytes: number | undefined;
  end(): Promise<void>;
}

export interface Contender {
  readonly name: string;
  /** @throws Error with a sentence that says why it cannot take part */
  start(): Promise<Running>;
}

/** How one contender should compare with the best of others: a ratio of values. */
export interface Goal {
  readonly of: string;
  readonly against: readonly string[];
  /** What the others are together, where they are several. */
  readonly called?: string;
  /** Absent where the ratio is only reported. */
  readonly bound?: number;
  /** Whether the bound is the most that the ratio may be; otherwise the least. */
  readonly isMost?: boolean;
}

export interface Metric {
  /** The key of its samples. */
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  /** `rate`: work per second; `time`: seconds per work. */
  readonly kind: 'rate' | 'time';
  readonly goals: readonly Goal[];
}

export interface Task {
  readonly title: string;
  readonly metrics: readonly Metric[];
  readonly contenders: readonly Contender[];
  /** CPU time says nothing of several threads or of a browser. */
  readonly isWallOnly: boolean;
  /** What was compared first, and how closely it must agree: a sentence. */
  readonly checked: string;
  /** Why answers are wrong, by contender; nothing for those that are right. */
  judge(answers: ReadonlyMap<string, readonly number[]>): ReadonlyMap<string, string>;
}

/** What a contender elsewhere answers to `hello`, `check` and `time`. */
export interface Answer {
  readonly how?: string;
  readonly values?: readonly number[];
  readonly samples?: Samples;
  readonly peakBytes?: number;
}

/** A contender in a process of its own, which answers `hello`, `check` and `time`. */
export function processContender(name: string, options: LineProcessOptions): Contender {
  return {
    name,
    async start() {
      const child = new LineProcess(options);
      let peakBytes: number | undefined;
      const ask = async (question: object) => {
        const answer = await child.ask<Answer>(question);
        peakBytes = answer.peakBytes ?? peakBytes;
        return answer;
      };
      try {
        const { how = '' } = await ask({ do: 'hello' });
        return {
          how,
          check: async () => (await ask({ do: 'check' })).values ?? [],
          time: async (round) => (await ask({ do: 'time', round })).samples ?? {},
          get peakBytes() {
            return peakBytes;
          },
          end: () => child.end(),
        };
      } catch (error) {
        await child.end();
        throw error;
      }
    },
  };
}
