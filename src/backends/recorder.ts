/**
 * Recording and repeating of training steps, the same for all backends with a recorder: calls are compared, and
 * memory is kept separate. The backend defines what a call is, and how calls are made.
 */
import type { DType, Program, StepRecorder } from './backend.js';

/** A block of device memory, as far as the recorder knows it. */
export interface RecordedBlock {
  readonly bytes: number;
  /** Number of storages in it that are not freed. */
  references: number;
  /** Whether it belongs to a program, and so does not return to the pool when it is free. */
  isKept: boolean;
}

/** What a recorder requires of its backend. */
export interface RecordedDevice<Call, Block> {
  isSame(recorded: Call, call: Call): boolean;
  /** Makes calls that were postponed. */
  make(calls: readonly Call[]): void;
  /** Prepares calls to be made at once, again and again, until they are freed. */
  compile(calls: readonly Call[]): { run: () => void; free: () => void };
  /** Returns a free block to the pool. */
  release(block: Block): void;
}

interface Allocation<Block> {
  readonly dtype: DType;
  readonly length: number;
  readonly block: Block;
}

class Recording<Call, Block extends RecordedBlock> implements Program {
  readonly calls: Call[] = [];
  readonly allocations: Allocation<Block>[] = [];
  /** Each block of the allocations once. */
  readonly blocks: Block[] = [];
  readonly #own = new Set<Block>();
  isRepeatable = true;
  /** Number of calls of the head. */
  callCount = 0;
  allocationCount = 0;
  /** References of each block at the end of the head: the tail may overwrite blocks that are free then. */
  references: readonly number[] = [];
  readonly #device: RecordedDevice<Call, Block>;
  #compiled: { run: () => void; free: () => void } | undefined;

  readonly #kept: KeptBlocks<Block>;

  constructor(device: RecordedDevice<Call, Block>, kept: KeptBlocks<Block>) {
    this.#device = device;
    this.#kept = kept;
  }

  get bytes(): number {
    return this.blocks.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  endHead(): void {
    this.callCount = this.calls.length;
    this.allocationCount = this.allocations.length;
    this.references = this.blocks.map(({ references }) => references);
  }

  run(): void {
    this.#compiled ??= this.#device.compile(this.calls);
    this.#compiled.run();
  }

  keep(block: Block): void {
    if (this.#own.has(block)) return;
    this.#own.add(block);
    this.blocks.push(block);
    this.#kept.add(block);
  }

  dispose(): void {
    this.isRepeatable = false;
    this.#compiled?.free();
    this.#compiled = undefined;
    this.#own.clear();
    for (const block of this.blocks.splice(0)) {
      if (this.#kept.remove(block) && block.references === 0) this.#device.release(block);
    }
  }
}

/** Blocks that programs keep. Only one program runs at a time, so several may compute in the same blocks. */
class KeptBlocks<Block extends RecordedBlock> {
  readonly #keepers = new Map<Block, number>();

  add(block: Block): void {
    this.#keepers.set(block, (this.#keepers.get(block) ?? 0) + 1);
    block.isKept = true;
  }

  /** Removes one use of a block. @returns whether no program keeps it any more */
  remove(block: Block): boolean {
    const left = (this.#keepers.get(block) ?? 1) - 1;
    if (left > 0) {
      this.#keepers.set(block, left);
      return false;
    }
    this.#keepers.delete(block);
    block.isKept = false;
    return true;
  }

  free(bytes: number): Block | undefined {
    for (const block of this.#keepers.keys())
      if (block.bytes === bytes && block.references === 0) return block;
    return undefined;
  }
}

export class Recorder<Call, Block extends RecordedBlock> implements StepRecorder {
  readonly #device: RecordedDevice<Call, Block>;
  readonly #kept = new KeptBlocks<Block>();
  #recording: Recording<Call, Block> | undefined;
  #isTail = false;
  #followed: Recording<Call, Block> | undefined;
  /** Number of calls of the followed program that were requested so far. */
  #calls = 0;
  #allocations = 0;

  constructor(device: RecordedDevice<Call, Block>) {
    this.#device = device;
  }

  begin(): Program {
    return new Recording(this.#device, this.#kept);
  }

  record(program: Program, part: 'head' | 'tail', body: () => void): void {
    const recording = own<Call, Block>(program);
    this.#recording = recording;
    this.#isTail = part === 'tail';
    try {
      body();
    } finally {
      this.#recording = undefined;
      if (part === 'head') recording.endHead();
    }
  }

  follow(program: Program, body: () => boolean): boolean {
    const recording = own<Call, Block>(program);
    this.#calls = 0;
    this.#allocations = 0;
    this.#followed = recording.isRepeatable ? recording : undefined;
    try {
      return body() && this.#arrive();
    } finally {
      this.#diverge();
    }
  }

  run(program: Program): void {
    if (!program.isRepeatable) throw new Error('run: the program cannot be repeated');
    own<Call, Block>(program).run();
  }

  /** Whether a call must be made now; it is remembered while a step is recorded. */
  admit(call: Call): boolean {
    const program = this.#followed;
    if (program) {
      const recorded = program.calls[this.#calls];
      if (this.#calls < program.callCount && this.#device.isSame(recorded, call)) {
        this.#calls++;
        return false;
      }
      this.#diverge();
    }
    this.#recording?.calls.push(call);
    return true;
  }

  /** Must be called before an operation that has to keep its place between the calls: a write, a read, a wait. */
  interrupt(): void {
    if (this.#followed && this.#calls > 0) this.#diverge();
    const recording = this.#recording;
    if (recording && !this.#isTail && recording.calls.length > 0) recording.isRepeatable = false;
  }

  /** The block for an allocation, if a program has one for it. `bytes` are those of a block. */
  allocate(dtype: DType, length: number, bytes: number): Block | undefined {
    const program = this.#followed;
    if (program) {
      const next = program.allocations[this.#allocations];
      const isSame =
        this.#allocations < program.allocationCount &&
        next.dtype === dtype &&
        next.length === length &&
        next.block.references === 0;
      if (isSame) {
        this.#allocations++;
        return next.block;
      }
      this.#diverge();
    }
    return this.#recording && this.#kept.free(bytes);
  }

  /** Notes which block an allocation got. */
  allocated(dtype: DType, length: number, block: Block): void {
    const recording = this.#recording;
    if (!recording) return;
    recording.allocations.push({ dtype, length, block });
    recording.keep(block);
  }

  #arrive(): boolean {
    const program = this.#followed;
    const isSame =
      program !== undefined &&
      this.#calls === program.callCount &&
      this.#allocations === program.allocationCount &&
      program.references.every((count, i) => program.blocks[i].references === count);
    if (isSame) this.#followed = undefined;
    return isSame;
  }

  /** Stops following, after making the calls that were requested so far. */
  #diverge(): void {
    const program = this.#followed;
    this.#followed = undefined;
    if (program && this.#calls > 0) this.#device.make(program.calls.slice(0, this.#calls));
  }
}

/** The program as a recording of this recorder. @throws TypeError for another device's program */
function own<Call, Block extends RecordedBlock>(program: Program): Recording<Call, Block> {
  if (!(program instanceof Recording)) throw new TypeError('recorder: the program is not one of a device');
  return program;
}
