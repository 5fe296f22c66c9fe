/**
 * The only interface between the library and a device: storages, and kernels over storages and plain
 * numbers. It does not know tensors, graphs or layers. `kernels.ts` declares the kernels, and `reference/kernels.ts`
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

/** Host data that `read` returns and `write` accepts. */
export type HostArray = Float32Array | Float64Array | Int32Array | Uint16Array | Uint8Array;

/** A block of device memory; only the backend that made it looks inside. */
export interface Storage {
  readonly dtype: DType;
  /** Number of elements, or of weights where they are packed. */
  readonly length: number;
}

export type DeviceName = 'webgpu' | 'wasm' | 'reference';

/** The arguments of a kernel by the names in its row. */
export type KernelArguments<Name extends KernelName> = ArgumentsOf<(typeof KERNELS)[Name], Storage>;

/** Memory that is allocated now, and its peak. */
export interface MemoryUse {
  /** Bytes in storages that were allocated and not freed. */
  readonly liveBytes: number;
  /** Storages that were allocated and not freed. */
  readonly liveStorages: number;
  /** Bytes that the backend holds, the pool included. */
  readonly reservedBytes: number;
  /** Peak of the bytes in storages and programs. */
  readonly peakBytes: number;
  /** Limit of the bytes that the device can hold; absent where only an attempt shows it. */
  readonly limitBytes?: number;
}

/** A recorded training step: its kernel calls, kept so that they can be repeated, with the memory that they use. */
export interface Program {
  /**
   * Whether it can be run. False where something was written or read between the kernel calls of its head, which then
   * must be made one by one.
   */
  readonly isRepeatable: boolean;
  /** Bytes of memory that it keeps from other uses. */
  readonly bytes: number;
  /** Returns its memory to the pool. */
  dispose(): void;
}

/**
 * Records a training step and repeats it. The head of a step is what its caller requests again each time, the forward
 * pass; the tail is what follows from it, the backward pass and the optimizer. When a step is repeated, the calls of
 * its head are compared but not made; if they are the same, head and tail are done at once, without requesting the tail.
 * Bodies are synchronous, so that no other calls get into a recording.
 */
export interface StepRecorder {
  /** Begins an empty program. */
  begin(): Program;
  /** Makes the calls of `body`, and adds them to a program: first all of its head, then its tail. */
  record(program: Program, part: 'head' | 'tail', body: () => void): void;
  /**
   * Compares the calls of `body` with the head of a program. True when they were the same, over the same memory, and
   * `body` returned true: no call was made. Otherwise false: all calls were made as usual.
   */
  follow(program: Program, body: () => boolean): boolean;
  /**
   * Makes all calls of a program; numbers that were written in its tail must be written again before. Where every
   * step's loss is read ({@link Backend.stepsPerRead} 1) it stops after an `append` of a number that is not finite.
   */
  run(program: Program): void;
}

export interface Backend {
  readonly name: DeviceName;
  /** Optional features of the device, such as `simd` or `relaxed-simd`. */
  readonly features: readonly string[];
  /**
   * Recommended number of training steps between two reads: 1 where a read costs nothing, more where it waits for
   * all pending work and for the transfer.
   */
  readonly stepsPerRead: number;
  /** Resolves when the device is lost, with the reason; all pending work is rejected with it. */
  readonly lost: Promise<DeviceError>;
  /** Recorder of training steps; undefined where steps are not recorded. */
  readonly recorder: StepRecorder | undefined;

  /**
   * Allocates memory, whose contents are undefined.
   * @param rowLength  number of weights in a row, where they are packed: products whose rows have this length are fast; default: one row
   * @throws DeviceError when no memory is left, RangeError for packed weights that are not whole groups
   */
  alloc(dtype: DType, length: number, rowLength?: number): Storage;
  /**
   * Takes memory of the system for `bytes` at once, because storages will require it; where there is not that much, `alloc`
   * reports it. Absent where a device gains nothing by it.
   */
  makeRoom?(bytes: number): void;
  /**
   * A window of `length` elements into `storage`, starting at `offset`. The memory stays until the storage
   * and all its slices are freed. `offset` is a multiple of {@link SLICE_ALIGNMENT} bytes. Packed weights cannot be divided.
   */
  slice(storage: Storage, offset: number, length: number): Storage;
  /** Returns the memory to the pool; a storage is freed once. */
  free(storage: Storage): void;
  /**
   * Copies `data` to the first elements of `storage`, in order with the kernels: the bits of 16-bit elements, and all bytes
   * of packed weights.
   */
  write(storage: Storage, data: ArrayLike<number>): void;
  /**
   * A copy of the contents, after all earlier kernels have run.
   * @param into  an earlier copy, whose memory the device may reuse
   */
  read(storage: Storage, into?: HostArray): Promise<HostArray>;
  /** Resolves when all work so far is done. */
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

/** Alignment of slices in bytes (WebGPU binds storage buffers at multiples of 256). */
export const SLICE_ALIGNMENT = 256;
