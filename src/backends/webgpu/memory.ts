/**
 * Storages in GPU buffers, and the pool of buffers. It knows sizes, but not kernels.
 *
 * Buffers are multiples of 256 bytes. A freed one waits in a bin of its size, and a bin gives its oldest buffer
 * first: what is free decides what comes next, not the order in which it was freed, so a step that allocates
 * in the same order each time gets the same buffers each time.
 */
import { DeviceError } from '../../base/errors.js';
import { type DType, SLICE_ALIGNMENT, type Storage, storageBytes } from '../backend.js';
import { checkLength, checkSlice } from '../elementTypes.js';
import { MemoryPressure } from '../ownership.js';
import type { RecordedBlock, Recorder } from '../recorder.js';
import type { DeviceHealth } from './health.js';
import { BUFFER_USAGE } from './usage.js';

/** Bytes of free buffers that are kept, or as many as are in use, before some are returned to the device. */
const KEEP_BYTES = 256 * 2 ** 20;

/** A GPU buffer, used by a storage and its slices. */
export interface WebGpuBlock extends RecordedBlock {
  /** Number of the block, which is never reused. */
  readonly id: number;
  readonly buffer: GPUBuffer;
  /** Requested bytes. */
  used: number;
  /** The encoder that last used it, see commands.ts. */
  usedBy: number;
  /** Whether its allocation turned out to have failed. */
  isBroken: boolean;
}

export class WebGpuStorage implements Storage {
  isFreed = false;
  /** Number of bytes of the elements. */
  readonly byteLength: number;
  /** Number of bytes rounded up to whole words, as WebGPU binds and copies them. */
  readonly wordBytes: number;

  constructor(
    readonly owner: WebGpuMemory,
    readonly dtype: DType,
    readonly length: number,
    readonly block: WebGpuBlock,
    /** Offset in bytes from the beginning of the block. */
    readonly offset: number,
  ) {
    this.byteLength = storageBytes(dtype, length);
    this.wordBytes = Math.ceil(this.byteLength / 4) * 4;
  }
}

export class WebGpuMemory {
  liveBytes = 0;
  liveStorages = 0;
  readonly pressure = new MemoryPressure();
  /** Bytes of all buffers for storages, in use or free. */
  reservedBytes = 0;
  /** Peak of the reserved bytes. */
  peakBytes = 0;
  bufferCount = 0;
  readonly #device: GPUDevice;
  readonly #health: DeviceHealth;
  readonly #maxBytes: number;
  /** Free blocks by size, newest first. */
  readonly #bins = new Map<number, WebGpuBlock[]>();
  #freeBytes = 0;
  #nextId = 0;
  /** Called before free buffers are returned to the device, so that references to them can be dropped. */
  onTrim: () => void = () => {};

  constructor(device: GPUDevice, health: DeviceHealth) {
    this.#device = device;
    this.#health = health;
    this.#maxBytes = Math.min(device.limits.maxBufferSize, device.limits.maxStorageBufferBindingSize);
  }

  /** @param recorder  notes the allocation, and may provide a block that a program keeps */
  alloc(dtype: DType, length: number, recorder: Recorder<unknown, WebGpuBlock>): WebGpuStorage {
    checkLength(dtype, length);
    this.#health.check();
    const used = storageBytes(dtype, length);
    const bytes = Math.max(roundUp(used), SLICE_ALIGNMENT);
    if (bytes > this.#maxBytes) {
      throw new DeviceError(
        `webgpu: alloc: the device takes at most ${this.#maxBytes} bytes in one storage: ${used} asked for`,
      );
    }
    const block = recorder.allocate(dtype, length, bytes) ?? this.#take(bytes);
    recorder.allocated(dtype, length, block);
    block.used = used;
    block.references = 1;
    this.liveBytes += used;
    this.liveStorages++;
    return new WebGpuStorage(this, dtype, length, block, 0);
  }

  slice(storage: WebGpuStorage, offset: number, length: number): WebGpuStorage {
    checkSlice(storage, offset, length);
    const offsetBytes = storageBytes(storage.dtype, offset);
    if (offsetBytes % SLICE_ALIGNMENT !== 0) {
      throw new RangeError(`slice: must begin at a multiple of ${SLICE_ALIGNMENT} bytes: ${offsetBytes}`);
    }
    storage.block.references++;
    this.liveStorages++;
    return new WebGpuStorage(this, storage.dtype, length, storage.block, storage.offset + offsetBytes);
  }

  free(storage: WebGpuStorage): void {
    if (storage.isFreed) throw new Error('webgpu: the storage was freed already');
    storage.isFreed = true;
    this.liveStorages--;
    const { block } = storage;
    block.references--;
    if (block.references > 0) return;
    this.liveBytes -= block.used;
    if (!block.isKept) this.release(block);
  }

  /** Returns a block that no longer holds a storage. */
  release(block: WebGpuBlock): void {
    if (block.isBroken) this.#destroy(block);
    else this.#put(block);
  }

  /** The storage as this device's own. */
  own(storage: Storage): WebGpuStorage {
    if (!(storage instanceof WebGpuStorage) || storage.owner !== this) {
      throw new TypeError('webgpu: the storage belongs to another device');
    }
    return storage;
  }

  /** The storage as this device's own, not freed. */
  open(storage: Storage): WebGpuStorage {
    const own = this.own(storage);
    if (own.isFreed) throw new Error('webgpu: the storage was freed');
    return own;
  }

  /** A buffer to bind where there are no elements; it is not counted as in use and never freed. */
  reserveNothing(): WebGpuBlock {
    return this.#create(SLICE_ALIGNMENT);
  }

  #take(bytes: number): WebGpuBlock {
    const free = this.#takeFree(bytes);
    if (free) return free;
    const reclaimed = this.pressure.rise(this.reservedBytes + bytes) ? this.#takeFree(bytes) : undefined;
    if (reclaimed) return reclaimed;
    if (this.#freeBytes > Math.max(KEEP_BYTES, this.liveBytes)) this.#trim();
    return this.#create(bytes);
  }

  #takeFree(bytes: number): WebGpuBlock | undefined {
    const block = this.#bins.get(bytes)?.pop();
    if (block) this.#freeBytes -= bytes;
    return block;
  }

  /** Creates a buffer. It cannot fail immediately: a lack of memory is reported later, to the health of the device. */
  #create(bytes: number): WebGpuBlock {
    this.#device.pushErrorScope('out-of-memory');
    const buffer = this.#device.createBuffer({
      size: bytes,
      usage: BUFFER_USAGE.STORAGE | BUFFER_USAGE.COPY_SRC | BUFFER_USAGE.COPY_DST,
    });
    this.#nextId++;
    const block: WebGpuBlock = {
      id: this.#nextId,
      buffer,
      bytes,
      used: 0,
      references: 0,
      isKept: false,
      usedBy: 0,
      isBroken: false,
    };
    this.reservedBytes += bytes;
    this.peakBytes = Math.max(this.peakBytes, this.reservedBytes);
    this.bufferCount++;
    const { liveBytes } = this;
    this.#health.watch(this.#device.popErrorScope(), () => {
      block.isBroken = true;
      this.#dropFromBin(block);
      return `out of memory: ${bytes} bytes asked for, ${liveBytes} bytes in use`;
    });
    return block;
  }

  #put(block: WebGpuBlock): void {
    let bin = this.#bins.get(block.bytes);
    if (!bin) {
      bin = [];
      this.#bins.set(block.bytes, bin);
    }
    let i = bin.length;
    while (i > 0 && bin[i - 1].id < block.id) i--;
    bin.splice(i, 0, block);
    this.#freeBytes += block.bytes;
  }

  #dropFromBin(block: WebGpuBlock): void {
    const bin = this.#bins.get(block.bytes) ?? [];
    const at = bin.indexOf(block);
    if (at < 0) return;
    bin.splice(at, 1);
    this.#freeBytes -= block.bytes;
    this.#destroy(block);
  }

  /** Returns all free buffers, because requested sizes no longer match, e.g. after switching models. */
  #trim(): void {
    this.onTrim();
    for (const bin of this.#bins.values()) for (const block of bin) this.#destroy(block);
    this.#bins.clear();
    this.#freeBytes = 0;
  }

  #destroy(block: WebGpuBlock): void {
    block.buffer.destroy();
    this.reservedBytes -= block.bytes;
    this.bufferCount--;
  }
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / SLICE_ALIGNMENT) * SLICE_ALIGNMENT;
}
