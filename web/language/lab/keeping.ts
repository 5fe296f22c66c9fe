/** Keeps a lesson, so that it can continue after the tab was closed. */
import type { FileContent, FileStore, Parameter } from 'lowrank';
import type { Lesson, ProbeStop } from '../api.js';
import type { Copy } from './copies.js';

type Points = readonly (readonly [step: number, loss: number])[];

/** What a lesson has reported so far. */
export interface Told {
  readonly losses: Points;
  readonly heldOut: Points;
  readonly probes: readonly ProbeStop[];
}

/** The state of a lesson. */
export interface LessonState extends Told {
  readonly lesson: Lesson;
  /** Checksum of the model that is taught. */
  readonly base: string;
  readonly step: number;
  readonly steps: number;
  /** Duration of the steps so far. */
  readonly seconds: number;
  /** The step that did best on the held-out rows so far. */
  readonly best: number | undefined;
  /** Number of earlier steps of a lesson that continues after it diverged. Default 0. */
  readonly offset?: number | undefined;
}

interface Written extends LessonState {
  readonly version: number;
}

/** A store for lessons, which can also be emptied. */
export interface LessonStore extends FileStore {
  clear(): Promise<void>;
}

const VERSION = 1;
const LESSON = 'lesson.json';
const BEST = 'best.bin';
const EVERY_MS = 20_000;

/** The unfinished lesson, if there is one from this version of the page. */
export async function keptLesson(store: LessonStore): Promise<LessonState | undefined> {
  const file = await store.open(LESSON);
  if (!file) return undefined;
  const text = new TextDecoder().decode(await file.read(0, file.length));
  const written: Partial<Written> = JSON.parse(text);
  return written.version === VERSION ? (written as Written) : undefined;
}

/** The best values of these parameters so far. */
export async function keptBest(
  store: LessonStore,
  step: number | undefined,
  parameters: readonly Parameter[],
): Promise<Copy | undefined> {
  const file = step === undefined ? undefined : await store.open(BEST);
  if (!file || step === undefined) return undefined;
  const all = new Float32Array((await file.read(0, file.length)).slice().buffer);
  let at = 0;
  const values = parameters.map(({ length }) => {
    at += length;
    return all.subarray(at - length, at);
  });
  return { step, values };
}

export interface Now {
  readonly state: LessonState;
  readonly best: Copy | undefined;
}

/**
 * The store that `fit` writes its checkpoints to: everything else of the lesson is written with them, as one unit. If nothing
 * can be kept, the lesson continues, and `failure` says why.
 */
export class Keeping implements FileStore {
  readonly name = 'the lesson';
  failure: string | undefined;
  readonly #store: LessonStore;
  readonly #now: () => Now;
  readonly #signal: AbortSignal;
  #last = performance.now();
  #isOver = false;

  /** @param signal  once it is aborted, nothing more is kept */
  constructor(store: LessonStore, now: () => Now, signal: AbortSignal) {
    this.#store = store;
    this.#now = now;
    this.#signal = signal;
  }

  /**
   * Steps between two checkpoints, which `fit` reads after each step: the next one is kept once 20 seconds have passed,
   * however long steps take.
   */
  get every(): number {
    return performance.now() - this.#last >= EVERY_MS ? 1 : Number.MAX_SAFE_INTEGER;
  }

  open(name: string) {
    return this.#store.open(name);
  }

  read(names: readonly string[]) {
    return this.#store.read(names);
  }

  async write(files: ReadonlyMap<string, FileContent>): Promise<void> {
    if (this.#isOver || this.#signal.aborted) return;
    const { state, best } = this.#now();
    // Nobody continues after the last step, and saving would take three copies of it in memory.
    if (state.step === state.steps) return;
    const written: Written = { ...state, version: VERSION };
    const all = new Map<string, FileContent>([
      ...files,
      [LESSON, new TextEncoder().encode(JSON.stringify(written))],
    ]);
    if (best) all.set(BEST, bytesOf(best));
    try {
      await this.#store.write(all);
    } catch (error) {
      this.failure = `Closing this tab would lose the lesson: ${error instanceof Error ? error.message : error}.`;
    }
    this.#last = performance.now();
  }

  /** Stops keeping anything. */
  end(): void {
    this.#isOver = true;
  }
}

function bytesOf({ values }: Copy): Uint8Array {
  const all = new Float32Array(values.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const each of values) {
    all.set(each, at);
    at += each.length;
  }
  return new Uint8Array(all.buffer);
}
