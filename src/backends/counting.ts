/** A device that computes nothing and counts allocations, so that the memory of work is known before it is done. */
import type { DeviceError } from '../base/errors.js';
import type { Backend, DeviceName, DType, HostArray, MemoryUse, Storage } from './backend.js';
import { checkLength, checkSlice, storageBytes } from './elementTypes.js';

interface Block {
  readonly bytes: number;
  references: number;
}

class CountedStorage implements Storage {
  isFree = false;

  constructor(
    readonly dtype: DType,
    readonly length: number,
    readonly block: Block,
  ) {}
}

/** A backend whose memory has no contents: reads give zeros, and kernels do nothing. */
export class CountingBackend implements Backend {
  readonly features = [] as const;
  readonly stepsPerRead = 1;
  /** Never resolves. */
  readonly lost = new Promise<DeviceError>(() => {});
  readonly recorder = undefined;
  #liveBytes = 0;
  #liveStorages = 0;
  #peakBytes = 0;

  /** @param name  the device whose work is counted */
  constructor(readonly name: DeviceName) {}

  alloc(dtype: DType, length: number): Storage {
    checkLength(dtype, length);
    const bytes = storageBytes(dtype, length);
    this.#liveBytes += bytes;
    this.#liveStorages += 1;
    this.#peakBytes = Math.max(this.#peakBytes, this.#liveBytes);
    return new CountedStorage(dtype, length, { bytes, references: 1 });
  }

  slice(storage: Storage, offset: number, length: number): Storage {
    const { dtype, block } = open(storage);
    checkSlice(storage, offset, length);
    block.references += 1;
    this.#liveStorages += 1;
    return new CountedStorage(dtype, length, block);
  }

  free(storage: Storage): void {
    const opened = open(storage);
    opened.isFree = true;
    this.#liveStorages -= 1;
    const { block } = opened;
    block.references -= 1;
    if (block.references === 0) this.#liveBytes -= block.bytes;
  }

  write(): void {}

  async read({ dtype, length }: Storage): Promise<HostArray> {
    return dtype === 'f32' ? new Float32Array(length) : new Int32Array(length);
  }

  async sync(): Promise<void> {}

  memory(): MemoryUse {
    const [liveBytes, liveStorages] = [this.#liveBytes, this.#liveStorages];
    return { liveBytes, liveStorages, reservedBytes: liveBytes, peakBytes: this.#peakBytes };
  }

  /** Forgets the peak so far. */
  resetPeak(): void {
    this.#peakBytes = this.#liveBytes;
  }

  dispose(): void {}

  run(): void {}
}

function open(storage: Storage): CountedStorage {
  if (!(storage instanceof CountedStorage)) throw new TypeError('the storage belongs to another device');
  if (storage.isFree) throw new Error('the storage was freed');
  return storage;
}
