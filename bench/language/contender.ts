/** Tasks to measure, and the interface of contenders. It does not know any contender. */
import { LineProcess, type LineProcessOptions } from '../lineProcess.js';

/** One slice of work, and its time. */
export interface Sample {
  /** Number of tokens or steps, depending on the metric. */
  readonly work: number;
  /** Seconds by the wall clock. */
  readonly seconds: number;
  /** CPU seconds of all threads of the process; absent where they are not known. */
  readonly cpuSeconds?: number;
}

/** Samples by the metric's id. */
export type Samples = Readonly<Record<string, Sample>>;

export interface Running {
  /** Version, build and threads. */
  readonly how: string;
  /** Does the work from the start and returns the values to compare: losses, or token ids. It also warms up. */
  check(): Promise<readonly number[]>;
  /** Does one slice. The same round is the same work for all contenders of a task. */
  time(round: number): Promise<Samples>;
  /** Peak memory of the whole process so far; undefined where it is not known. */
  readonly peakBytes: number | undefined;
  end(): Promise<void>;
}

export interface Contender {
  readonly name: string;
  /** @throws Error with a sentence that says why it cannot take part */
  start(): Promise<Running>;
}

/** A goal for the ratio between one contender and the best of others. */
export interface Goal {
  readonly of: string;
  readonly against: readonly string[];
  /** Common name of the others, where there are several. */
  readonly called?: string;
  /** Bound of the ratio; absent where it is only reported. */
  readonly bound?: number;
  /** Whether the bound is a maximum; otherwise it is a minimum. */
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
  /** Whether only the wall clock is used, because CPU time is meaningless for several threads or a browser. */
  readonly isWallOnly: boolean;
  /** A sentence about what was compared first, and how closely it must agree. */
  readonly checked: string;
  /** Reasons why answers are wrong, by contender; contenders with right answers are absent. */
  judge(answers: ReadonlyMap<string, readonly number[]>): ReadonlyMap<string, string>;
}

/** Answer of a contender in another process to `hello`, `check` and `time`. */
export interface Answer {
  readonly how?: string;
  readonly values?: readonly number[];
  readonly samples?: Samples;
  readonly peakBytes?: number;
}

/** A contender in its own process, which answers `hello`, `check` and `time`. */
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
