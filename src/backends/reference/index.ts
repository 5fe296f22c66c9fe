/** The reference backend: storages that are arrays, kernels in float64. Nothing here is optimised for speed. */
import { DeviceError } from '../../base/errors.js';
import { bfloatToNumber, halfBits, halfToNumber, numberToBfloat } from '../../base/halves.js';
import type { Backend, DType, HostArray, KernelArguments, MemoryUse, Storage } from '../backend.js';
import { checkLength, checkSlice, checkWrite, isPackedType, storageBytes } from '../elementTypes.js';
import { checkCast, checkType, KERNELS, type KernelName, layoutOf } from '../kernels.js';
import { unpackWeights } from '../packedWeights.js';

import { REFERENCE_KERNELS } from './kernels.js';
import type { Numbers } from './loops.js';

const ARRAY_OF = {
  f32: Float64Array,
  i32: Int32Array,
  u8: Uint8Array,
  bf16: Uint16Array,
  f16: Uint16Array,
  q4: Uint8Array,
  q8: Uint8Array,
  q8x16: Uint8Array,
} as const;

/** The 16-bit floats: bits to numbers and back. */
const HALVES = {
  bf16: { decode: bfloatToNumber, encode: numberToBfloat },
  f16: { decode: halfToNumber, encode: (value: number) => halfBits(Math.fround(value)) },
} as const;

class ReferenceStorage implements Storage {
  freed = false;

  constructor(
    readonly owner: ReferenceBackend,
    readonly dtype: DType,
    readonly length: number,
    readonly data: Numbers | Uint16Array,
    readonly isSlice: boolean,
  ) {}
}

export class ReferenceBackend implements Backend {
  readonly name = 'reference';
  readonly features = ['float64'] as const;
  readonly stepsPerRead: number = 1;
  /** Never resolves. */
  readonly lost = new Promise<DeviceError>(() => {});
  readonly recorder = undefined;
  #liveBytes = 0;
  #liveStorages = 0;
  #peakBytes = 0;

  alloc(dtype: DType, length: number): Storage {
    checkLength(dtype, length);
    try {
      // Filled with values that no caller should rely on, so that reading before writing shows up in a test.
      const data = new ARRAY_OF[dtype](isPackedType(dtype) ? storageBytes(dtype, length) : length).fill(
        dtype === 'f32' ? Number.NaN : 85,
      );
      this.#count(data.byteLength, 1);
      return new ReferenceStorage(this, dtype, length, data, false);
    } catch (error) {
      throw new DeviceError(`reference: cannot allocate ${length} elements of ${dtype}`, { cause: error });
    }
  }

  slice(storage: Storage, offset: number, length: number): Storage {
    const { data, dtype } = this.#open(storage);
    checkSlice(storage, offset, length);
    this.#count(0, 1);
    return new ReferenceStorage(this, dtype, length, data.subarray(offset, offset + length), true);
  }

  free(storage: Storage): void {
    const opened = this.#open(storage);
    opened.freed = true;
    this.#count(opened.isSlice ? 0 : -opened.data.byteLength, -1);
  }

  write(storage: Storage, data: ArrayLike<number>): void {
    const opened = this.#open(storage);
    checkWrite(opened, data.length);
    opened.data.set(data);
  }

  async read(storage: Storage): Promise<HostArray> {
    return this.#open(storage).data.slice();
  }

  async sync(): Promise<void> {}

  memory(): MemoryUse {
    return {
      liveBytes: this.#liveBytes,
      liveStorages: this.#liveStorages,
      reservedBytes: this.#liveBytes,
      peakBytes: this.#peakBytes,
    };
  }

  dispose(): void {}

  run<Name extends KernelName>(kernel: Name, args: KernelArguments<Name>): void {
    const given: Record<string, unknown> = { ...args };
    const encodings: (() => void)[] = [];
    const { storages, isCast } = layoutOf(KERNELS[kernel]);
    if (isCast) checkCast(kernel, (given.out as Storage).dtype, (given.x as Storage).dtype);
    for (const { name, type, isOutput } of storages) {
      const storage = given[name] as Storage | undefined;
      if (!storage) continue;
      const { dtype, data } = this.#open(storage);
      checkType(kernel, name, type, dtype);
      given[name] = data;
      // Kernels see numbers, and only their results are rounded.
      if (isPackedType(dtype)) given[name] = Float64Array.from(unpackWeights(dtype, Uint8Array.from(data)));
      if (dtype !== 'bf16' && dtype !== 'f16') continue;
      const { decode, encode } = HALVES[dtype];
      const numbers = Float64Array.from(data, decode);
      given[name] = numbers;
      if (isOutput) encodings.push(() => data.set(Uint16Array.from(numbers, encode)));
    }
    // The kernel's own row guarantees the types: arrays in place of storages.
    (REFERENCE_KERNELS[kernel] as (args: unknown) => void)(given);
    for (const encoding of encodings) encoding();
  }

  #count(bytes: number, storages: number): void {
    this.#liveBytes += bytes;
    this.#liveStorages += storages;
    this.#peakBytes = Math.max(this.#peakBytes, this.#liveBytes);
  }

  #open(storage: Storage): ReferenceStorage {
    if (!(storage instanceof ReferenceStorage) || storage.owner !== this) {
      throw new TypeError('reference: the storage belongs to another device');
    }
    if (storage.freed) throw new Error('reference: the storage was freed');
    return storage;
  }
}
