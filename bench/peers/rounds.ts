/** Times peers in turn, so that changes of the machine's speed affect all of them. */
import type { Oracle } from './oracle.js';
import type { Peer, TaskName } from './peer.js';

export interface Entry {
  readonly peer: Peer;
  /** The reason why its answer is wrong, or what it threw; it is then not timed. */
  readonly wrong: string | undefined;
  /** The seconds of each call, by round. */
  readonly rounds: number[][];
}

export type Entries = ReadonlyMap<TaskName, readonly Entry[]>;

/** Checks every answer of every peer before any is timed, which also warms it up. */
export async function checkAll(
  names: readonly TaskName[],
  peers: readonly Peer[],
  oracle: Oracle,
  tell: (line: string) => void,
): Promise<Entries> {
  const entries = new Map<TaskName, Entry[]>();
  for (const name of names) {
    const row: Entry[] = [];
    for (const peer of peers) {
      const task = peer.tasks.get(name);
      if (!task) continue;
      const wrong = await task.check().then(
        (values) => oracle.judge(name, values),
        (error) => `failed: ${error instanceof Error ? error.message : error}`,
      );
      if (wrong) tell(`${name}, ${peer.name}: ${wrong}`);
      row.push({ peer, wrong, rounds: [] });
    }
    entries.set(name, row);
  }
  return entries;
}

/** Times a slice of each task and peer in every round, beginning with a different peer each time; the first round is not counted. */
export async function timeAll(
  entries: Entries,
  { rounds, sliceMs }: { rounds: number; sliceMs: number },
  tell: (line: string) => void,
): Promise<void> {
  for (let round = 0; round <= rounds; round++) {
    const begun = performance.now();
    for (const [name, row] of entries) {
      const right = row.filter(({ wrong }) => wrong === undefined);
      for (let i = 0; i < right.length; i++) {
        const { peer, rounds: timed } = right[(i + round) % right.length];
        const seconds = await peer.tasks.get(name)?.time(sliceMs);
        if (round > 0 && seconds) timed.push(seconds);
      }
    }
    const took = ((performance.now() - begun) / 1000).toFixed(1);
    tell(`${round === 0 ? 'warm-up' : `round ${round} of ${rounds}`}: ${took} s`);
  }
}

export interface Summary {
  readonly medianSeconds: number;
  /** Median absolute deviation, in per cent of the median. */
  readonly spreadPercent: number;
  readonly calls: number;
}

/** Statistics over the calls of all rounds. */
export function summarize({ rounds }: Entry): Summary {
  const calls = rounds.flat();
  const medianSeconds = median(calls);
  const deviation = median(calls.map((seconds) => Math.abs(seconds - medianSeconds)));
  return { medianSeconds, spreadPercent: (100 * deviation) / medianSeconds, calls: calls.length };
}

/** Ratio of the time of `other`: the median of the ratios of the single rounds. */
export function timesAsLong(other: Entry, one: Entry): number {
  return median(other.rounds.map((seconds, round) => median(seconds) / median(one.rounds[round])));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The fastest of several equivalent tasks for each peer, as a separate row. */
export function fastestOf(rows: readonly (readonly Entry[])[]): Entry[] {
  const fastest = new Map<Peer, Entry>();
  for (const entry of rows.flat()) {
    const best = fastest.get(entry.peer);
    const isBetter =
      !best ||
      best.wrong !== undefined ||
      (entry.wrong === undefined && summarize(entry).medianSeconds < summarize(best).medianSeconds);
    if (isBetter) fastest.set(entry.peer, entry);
  }
  return [...fastest.values()];
}
