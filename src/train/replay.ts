/** Recordings of a training step's kernel calls, one for each shape of batches. */
import { type GraphShape, isSameGraph } from '../autograd/graphShape.js';
import type { Program } from '../backends/backend.js';

/** Consecutive mismatches after which a recording is discarded. */
const MISSES = 2;
/** Number of steps after which a recording has paid off; until one has, the pauses between recordings double. */
const WORTHWHILE = 16;
const LONGEST_PAUSE = 1024;
/** Maximum number of recordings kept, each with its memory. */
const MOST_KEPT = 8;
/**
 * Maximum bytes of a recording that is kept besides those of other batch sizes. Each has its own memory: with many sizes,
 * larger ones would multiply the memory of a step, whose kernels take far longer than the calls.
 */
const LARGE = 2 ** 23;

/** The recording for one shape, and how often it could be used. */
export class Replay {
  #program: Program | undefined;
  /** The graph of the recorded step. */
  #graph: GraphShape = [];
  #steps = 0;
  #misses = 0;
  #served = 0;
  /** The next step that may be recorded; the first step allocates memory that all others reuse. */
  #nextRecording = 2;
  #pause = 1;

  /** Counts the beginning of a step. */
  begin(): void {
    this.#steps += 1;
  }

  get program(): Program | undefined {
    return this.#program;
  }

  get shouldRecord(): boolean {
    return this.#steps >= this.#nextRecording;
  }

  isSame(graph: GraphShape): boolean {
    return isSameGraph(this.#graph, graph);
  }

  /** Stores a recording; undefined where the step cannot be repeated. */
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

/** Recordings by shape; the least recently used are dropped. */
export class Replays {
  readonly #byShape = new Map<string, Replay>();
  #firstShape: string | undefined;
  #hasSizes = false;

  /**
   * @param shape    shape of the batch
   * @param variant  anything else that distinguishes the step's kernel calls from others over the same memory
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

  /** Whether a program's memory is small enough to keep it. */
  mayKeep({ bytes }: Program): boolean {
    return !this.#hasSizes || bytes <= LARGE;
  }

  dispose(): void {
    for (const replay of this.#byShape.values()) replay.dispose();
    this.#byShape.clear();
  }
}
