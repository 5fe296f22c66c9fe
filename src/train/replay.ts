/** Recordings of a training step's kernel calls, one for each shape of batches. */
import { type GraphShape, isSameGraph } from '../autograd/graphShape.js';
import type { Program } from '../backends/backend.js';

/** A program that so many steps in a row did not follow is given up, and another recorded. */
const MISSES = 2;
/** Steps that a program has to serve to have been worth it; until one is, the pauses between recordings double. */
const WORTHWHILE = 16;
const LONGEST_PAUSE = 1024;
/** Recordings that are kept: their memory is. */
const MOST_KEPT = 8;
/**
 * Bytes of a recording that is kept beside those of batches of other sizes. The memory of each stays its own: with many
 * sizes, larger ones would multiply the memory of a step, whose kernels take far longer than asking for them.
 */
const LARGE = 2 ** 23;

/** What is recorded for one shape, and how well that has served. */
export class Replay {
  #program: Program | undefined;
  /** The graph of the recorded step. */
  #graph: GraphShape = [];
  #steps = 0;
  #misses = 0;
  #served = 0;
  /** The next step that may be recorded; the first step allocates what all others find. */
  #nextRecording = 2;
  #pause = 1;

  /** Counts a step that begins. */
  begin(): void {
    this.#steps += 1;
  }

  get program(): Program | undefined {
    return this.#program;
  }

  get isWorthRecording(): boolean {
    return this.#steps >= this.#nextRecording;
  }

  isSame(graph: GraphShape): boolean {
    return isSameGraph(this.#graph, graph);
  }

  /** Takes what was recorded; undefined where it cannot be repeated. */
  recorded(program: Program | undefined, graph: GraphShape): void {
    this.#nextRecording = this.#steps + this.#pause;
    this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE);
    this.#misses = 0;
    this.#served = 0;
    this.#program = program;
    this.#graph = graph;
  }

  hit(): void {
    this.#misses = 0;
    this.#served += 1;
    if (this.#served === WORTHWHILE) this.#pause = 1;
  }

  miss(): void {
    this.#misses += 1;
    if (this.#misses >= MISSES) this.dispose();
  }

  dispose(): void {
    this.#program?.dispose();
    this.#program = undefined;
    this.#graph = [];
  }
}

/** Recordings by shape; of many, those that were used last. */
export class Replays {
  readonly #byShape = new Map<string, Replay>();
  #firstShape: string | undefined;
  #hasSizes = false;

  /**
   * @param shape    of the batch
   * @param variant  what else tells the step's kernel calls from others over the same memory
   */
  for(shape: string, variant = ''): Replay {
    this.#firstShape ??= shape;
    if (!this.#hasSizes && shape !== this.#firstShape) {
      this.#hasSizes = true;
      for (const replay of this.#byShape.values())
        if (replay.program && !this.mayKeep(replay.program)) replay.dispose();
    }
    const key = `${shape}, ${variant}`;
    const replay = this.#byShape.get(key) ?? new Replay();
    this.#byShape.delete(key);
    this.#byShape.set(key, replay);
    if (this.#byShape.size > MOST_KEPT) {
      const [[oldest, unused]] = this.#byShape;
      unused.dispose();
      this.#byShape.delete(oldest);
    }
    return replay;
  }

  /** Whether its memory is small enough for it to be kept. */
  mayKeep({ bytes }: Program): boolean {
    return !this.#hasSizes || bytes <= LARGE;
  }

  dispose(): void {
    for (const replay of this.#byShape.values()) replay.dispose();
    this.#byShape.clear();
  }
}
