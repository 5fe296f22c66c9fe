/**
 * Recording and repeating of training steps, the same for all backends that do it: what was asked for is compared,
 * and memory is kept apart. What a call is, and how calls are made, is the backend's.
 */
import type { DType, Program, StepRecorder } from './backend.js';

/** A stretch of device memory, as far as the recorder knows it. */
export interface RecordedBlock {
  readonly bytes: number;
  /** Storages that lie in it and are not freed. */
  references: number;
  /** Belongs to a program: it does not go back to the pool when it is free. */
  isKept: boolean;
}

/** What a recorder wants of its backend. */
export interface RecordedDevice<Call, Block> {
  isSame(recorded: Call, call: Call): boolean;
  /** Makes calls that were left undone. */
  make(calls: readonly Call[]): void;
  /** Prepares calls to be made at once, again and again, until they are freed. */
  compile(calls: readonly Call[]): { run: () => void; free: () => void };
  /** Takes a free block back into the pool. */
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
  /** Of the head. */
  callCount = 0;
  allocationCount = 0;
  /** Of each block at the end of the head: the tail overwrites what is free then. */
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

  /** Whether nobody keeps it any more. */
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
  /** Of the followed program: what was asked for so far. */
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

  /** Whether a call is to be made now; it is remembered while a step is recorded. */
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

  /** Comes before what has to keep its place between the calls: a write, a read, a wait. */
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

  /** Is told which block an allocation got. */
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

  /** Stops following, once what was asked for so far is done. */
  #diverge(): void {
    const program = this.#followed;
    this.#followed = undefined;
    if (program && this.#calls > 0) this.#device.make(program.calls.slice(0, this.#calls));
  }
}

/** The program as one that a recorder made. */
function own<Call, Block extends RecordedBlock>(program: Program): Recording<Call, Block> {
  if (!(program instanceof Recording)) throw new TypeError('recorder: the program is not one of a device');
  return program;
}
