/**
 * The one interface between the library and a device: storages, and kernels over storages and plain
 * numbers. It knows no tensor, no graph and no layer. `kernels.ts` declares the kernels, and `reference/kernels.ts`
 * computes each in loops.
 *
 * Four rules let a training step be recorded once and replayed:
 * 1. every kernel call goes through this interface;
 * 2. a number that changes from step to step lives in device memory, never in a call's arguments;
 * 3. a dataset lives on the device, and a batch is gathered there by an index storage;
 * 4. a step allocates in the same order each time, so it gets the same storages each time.
 *
 * Shapes are checked by the callers.
 */

import type { DeviceError } from '../base/errors.js';
import type { DType } from './elementTypes.js';
import type { ArgumentsOf, KERNELS, KernelName } from './kernels.js';

export { type DType, storageBytes } from './elementTypes.js';

/** What `read` gives and `write` takes. */
export type HostArray = Float32Array | Float64Array | Int32Array | Uint16Array | Uint8Array;

/** A stretch of device memory; only the backend that made it looks inside. */
export interface Storage {
  readonly dtype: DType;
  /** Elements; weights, where they are packed. */
  readonly length: number;
}

export type DeviceName = 'webgpu' | 'wasm' | 'reference';

/** The arguments of a kernel by the names in its row. */
export type KernelArguments<Name extends KernelName> = ArgumentsOf<(typeof KERNELS)[Name], Storage>;

/** What is allocated now, and the most that ever was. */
export interface MemoryUse {
  /** Bytes in storages that were allocated and not freed. */
  readonly liveBytes: number;
  /** Storages that were allocated and not freed. */
  readonly liveStorages: number;
  /** Bytes the backend holds, the pool included. */
  readonly reservedBytes: number;
  /** The most bytes that storages and programs ever took at a time. */
  readonly peakBytes: number;
  /** The most bytes that the device can ever hold; left out where only an attempt tells. */
  readonly limitBytes?: number;
}

/** What a training step asked of a device, kept so that it can be done again, with the memory that it uses. */
export interface Program {
  /**
   * Whether it can be run. Not where something was written or read between the kernel calls of its head, which then
   * have to be made one by one.
   */
  readonly isRepeatable: boolean;
  /** Memory that it keeps from others. */
  readonly bytes: number;
  /** Gives its memory back to the pool. */
  dispose(): void;
}

/**
 * Records a training step and repeats it. The head of a step is what its caller does anew each time, the forward
 * pass; the tail is what follows from that, the backward pass and the optimizer. When a step is repeated, its
 * head is asked for, compared and left undone; if it is the same, head and tail are done at once, without the tail
 * being asked for. Bodies are synchronous, so that nothing of others gets into a recording.
 */
export interface StepRecorder {
  /** An empty program. */
  begin(): Program;
  /** Does what `body` asks for, and adds it to a program: first all of its head, then its tail. */
  record(program: Program, part: 'head' | 'tail', body: () => void): void;
  /**
   * Compares what `body` asks for with the head of a program. True when it was the same, over the same memory, and
   * `body` says so too: no call was made. False when not: all calls were made as if nobody had followed.
   */
  follow(program: Program, body: () => boolean): boolean;
  /**
   * Makes all calls of a program; numbers that were written in its tail are to be written anew before. Where every
   * step's loss is read ({@link Backend.stepsPerRead} 1) it stops behind an `append` of a number that is not finite.
   */
  run(program: Program): void;
}

export interface Backend {
  readonly name: DeviceName;
  /** What the device offers beyond the least, such as `simd` or `relaxed-simd`. */
  readonly features: readonly string[];
  /**
   * Training steps that are worth taking between two reads: 1 where a read costs nothing, more where it waits for
   * everything that was asked for and for the way back.
   */
  readonly stepsPerRead: number;
  /** Settles when the device is lost, with why; all that is under way is rejected with it. */
  readonly lost: Promise<DeviceError>;
  /** Undefined where steps are not recorded. */
  readonly recorder: StepRecorder | undefined;

  /**
   * Memory whose contents are undefined.
   * @param rowLength  weights of a row, where they are packed: products whose rows have this length are fast; default: one row
   * @throws DeviceError when there is none left, RangeError for packed weights that are no whole groups
   */
  alloc(dtype: DType, length: number, rowLength?: number): Storage;
  /**
   * Takes memory of the system for so many bytes at once, of which it is known that storages will want them; where there are
   * not so many, `alloc` says so. Left out where a device gains nothing by it.
   */
  makeRoom?(bytes: number): void;
  /**
   * A window of `length` elements from `offset` on into `storage`, whose memory stays until the storage
   * and all its slices are freed. `offset` is a multiple of {@link SLICE_ALIGNMENT} bytes. Packed weights are not divided.
   */
  slice(storage: Storage, offset: number, length: number): Storage;
  /** Gives the memory back to the pool; a storage is freed once. */
  free(storage: Storage): void;
  /**
   * Copies `data` to the first elements of `storage`, in order with the kernels; bits where an element has 16, and all bytes
   * of packed weights.
   */
  write(storage: Storage, data: ArrayLike<number>): void;
  /**
   * A copy of the contents, once all kernels before it have run.
   * @param into  an earlier copy, in whose memory the device may put this one
   */
  read(storage: Storage, into?: HostArray): Promise<HostArray>;
  /** Settles when all work so far is done. */
  sync(): Promise<void>;
  memory(): MemoryUse;
  /** Releases the device; nothing may be called afterwards. */
  dispose(): void;

  /**
   * Calls a kernel with the arguments that its row in {@link KERNELS} names.
   * @throws TypeError for a storage of another device or of another element type than the kernel takes
   */
  run<Name extends KernelName>(kernel: Name, args: KernelArguments<Name>): void;
  /**
   * Runs a synchronous `body`, in which `isStopped` is asked now and then between kernel calls: once it says so, those that follow are
   * left out, and what they would have written is undefined. Not there where kernel calls take no time of the caller's.
   * @returns whether all calls were made
   */
  runUnless?(isStopped: () => boolean, body: () => void): boolean;
}

/** Bytes: where a slice may begin (WebGPU binds storage buffers at multiples of 256). */
export const SLICE_ALIGNMENT = 256;
