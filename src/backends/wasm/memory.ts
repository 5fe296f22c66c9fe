/**
 * The allocator over one growing WebAssembly.Memory. It knows addresses and sizes, but not kernels.
 *
 * Blocks are multiples of 256 bytes at multiples of 256. A freed block waits in a bin of its size, and a
 * bin gives its lowest address first: what is free decides what comes next, not the order in which it was
 * freed, so a step that allocates in the same order each time gets the same addresses each time.
 */
import { DeviceError } from '../../base/errors.js';
import type { HostWasmMemory } from '../../base/hostTypes.js';
import { type DType, type HostArray, SLICE_ALIGNMENT, type Storage, storageBytes } from '../backend.js';
import { checkLength, checkSlice, isPackedType, type PackedType } from '../elementTypes.js';
import { MemoryPressure, reclaim } from '../ownership.js';
import type { RecordedBlock, Recorder } from '../recorder.js';
import { deinterleave, HEADER_BYTES, interleave, type PackedPlace, writeHeader } from './interleave.js';

const PAGE_BYTES = 65536;
const MAX_PAGES = 65536;
/** The last page stays unused, so that the end of a block never wraps to address 0. */
export const END_OF_MEMORY = (MAX_PAGES - 1) * PAGE_BYTES;
/** Minimum relative growth of the memory, to keep growths rare, each of which detaches all views. */
const GROWTH = 1 / 8;
/** Maximum growth beyond the requested memory: 16 MiB. */
const MOST_GROWTH_PAGES = 256;
const INITIAL_PAGES = 64;

/** Number of elements up to which a write needs no view. */
const FEW = 64;

/** A block of memory, used by a storage and its slices. */
export interface WasmBlock extends RecordedBlock {
  readonly address: number;
  /** Requested bytes. */
  used: number;
}

export class WasmStorage implements Storage {
  constructor(
    readonly dtype: DType,
    readonly length: number,
    /** 0 once freed: the memory's first bytes belong to the binary. */
    public address: number,
    readonly block: WasmBlock,
    /** Number of weights in a row, where they are packed. */
    readonly rowLength = 0,
  ) {}
}

/** The storage as one of this kind of backend. @throws TypeError for another kind, Error for a freed one */
export function open(storage: Storage): WasmStorage {
  if (!(storage instanceof WasmStorage)) throw new TypeError('wasm: the storage belongs to another device');
  if (storage.address === 0) throw new Error('wasm: the storage was freed');
  return storage;
}

export class WasmMemory {
  readonly memory: HostWasmMemory;
  f64: Float64Array = new Float64Array(0);
  f32: Float32Array = new Float32Array(0);
  i32: Int32Array = new Int32Array(0);
  u16: Uint16Array = new Uint16Array(0);
  u8: Uint8Array = new Uint8Array(0);
  liveBytes = 0;
  liveStorages = 0;
  /** The highest end of memory that was ever handed out. */
  peakBytes = 0;
  readonly pressure = new MemoryPressure();

  /** Free blocks by size, highest address first. */
  readonly #bins = new Map<number, WasmBlock[]>();
  /** Beginning of the memory that was never handed out. */
  #top = SLICE_ALIGNMENT;

  /**
   * @param shared  whether threads share the memory
   * @throws DeviceError when the runtime does not provide the memory
   */
  constructor(shared = false) {
    try {
      this.memory = new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum: MAX_PAGES, shared });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new DeviceError(`wasm: the runtime gives no ${shared ? 'shared ' : ''}memory: ${reason}`, {
        cause: error,
      });
    }
    this.#renewViews();
  }

  get reservedBytes(): number {
    return this.u8.byteLength;
  }

  /** Hands out nothing below `address` (and never address 0). Called once, before the first `alloc`. */
  startAt(address: number): void {
    this.#top = Math.max(roundUp(address), SLICE_ALIGNMENT);
    if (this.#top > this.u8.byteLength && !this.#grow(this.#top)) throw outOfMemory(address, 0);
  }

  /**
   * @param recorder   notes the allocation, and may provide a block that a program keeps
   * @param rowLength  row length of packed weights, see Backend
   */
  alloc(
    dtype: DType,
    length: number,
    recorder?: Recorder<unknown, WasmBlock>,
    rowLength = length,
  ): WasmStorage {
    checkLength(dtype, length, rowLength);
    const used = storageBytes(dtype, length);
    const header = isPackedType(dtype) ? HEADER_BYTES : 0;
    const bytes = Math.max(roundUp(used + header), SLICE_ALIGNMENT);
    const block = recorder?.allocate(dtype, length, bytes) ?? this.#take(bytes, used);
    recorder?.allocated(dtype, length, block);
    block.used = used;
    block.references = 1;
    this.liveBytes += used;
    this.liveStorages++;
    const storage = new WasmStorage(dtype, length, block.address, block, rowLength);
    if (isPackedType(dtype)) writeHeader(this.i32, placeOf(storage, dtype));
    return storage;
  }

  slice(storage: WasmStorage, offset: number, length: number): WasmStorage {
    checkSlice(storage, offset, length);
    const offsetBytes = storageBytes(storage.dtype, offset);
    if (offsetBytes % SLICE_ALIGNMENT !== 0) {
      throw new RangeError(`slice: must begin at a multiple of ${SLICE_ALIGNMENT} bytes: ${offsetBytes}`);
    }
    storage.block.references++;
    this.liveStorages++;
    return new WasmStorage(storage.dtype, length, storage.address + offsetBytes, storage.block);
  }

  free(storage: WasmStorage): void {
    if (storage.address === 0) throw new Error('wasm: the storage was freed already');
    storage.address = 0;
    this.liveStorages--;
    const { block } = storage;
    block.references--;
    if (block.references > 0) return;
    this.liveBytes -= block.used;
    if (!block.isKept) this.#put(block);
  }

  /** A block that holds no storage; `release` returns it. */
  reserve(bytes: number): WasmBlock {
    return this.#take(roundUp(bytes), bytes);
  }

  /** Grows once by what `bytes` require, instead of little by little with a garbage collection each time. */
  makeRoom(bytes: number): void {
    const free = [...this.#bins.values()].flat().reduce((sum, block) => sum + block.bytes, 0);
    const end = this.#top + bytes - free;
    if (end <= this.u8.byteLength) return;
    if (this.liveStorages === 0) this.pressure.foresee(end);
    else this.pressure.rise(end);
    this.#grow(end);
  }

  /** Returns a block that no longer holds a storage. */
  release(block: WasmBlock): void {
    this.#put(block);
  }

  /** Copies `data` to the first elements. */
  write(storage: WasmStorage, data: ArrayLike<number>): void {
    const { dtype } = storage;
    if (isPackedType(dtype)) {
      interleave(this.i32, placeOf(storage, dtype), wordsOf(data));
      return;
    }
    if (data.length > FEW || (dtype !== 'f32' && dtype !== 'i32')) {
      this.view(storage).set(data);
      return;
    }
    // The indices and hyperparameters that a step writes are too short to be worth a view.
    const to = dtype === 'f32' ? this.f32 : this.i32;
    const start = storage.address >>> 2;
    for (let i = 0; i < data.length; i++) to[start + i] = data[i];
  }

  /** A copy of the elements, or of the bytes of packed weights; in the memory of `into`, where it fits. */
  read(storage: WasmStorage, into?: HostArray): HostArray {
    const { dtype } = storage;
    if (isPackedType(dtype)) return new Uint8Array(deinterleave(this.i32, placeOf(storage, dtype)).buffer);
    const view = this.view(storage);
    if (into?.length !== view.length || into.constructor !== view.constructor) return view.slice();
    into.set(view);
    return into;
  }

  /** A view of the storage's elements, valid until the next `alloc`; packed weights have none. */
  view(storage: WasmStorage): Float32Array | Int32Array | Uint16Array | Uint8Array {
    const { dtype, address, length } = storage;
    if (dtype === 'f32') return this.f32.subarray(address >>> 2, (address >>> 2) + length);
    if (dtype === 'i32') return this.i32.subarray(address >>> 2, (address >>> 2) + length);
    if (dtype === 'u8') return this.u8.subarray(address, address + length);
    return this.u16.subarray(address >>> 1, (address >>> 1) + length);
  }

  /**
   * Takes a block from the bin of that size, otherwise from memory that was never used, otherwise from blocks that can be
   * merged, otherwise by growing.
   */
  #take(bytes: number, used: number): WasmBlock {
    const free = this.#takeFree(bytes);
    if (free) return free;
    const isReclaimed = this.pressure.rise(this.#top + bytes);
    const found = this.#takeGrown(bytes, isReclaimed);
    if (found) return found;
    if (!isReclaimed) reclaim();
    const last = this.#takeGrown(bytes, true);
    if (!last) throw outOfMemory(used, this.liveBytes);
    return last;
  }

  #takeFree(bytes: number): WasmBlock | undefined {
    const binned = this.#bins.get(bytes)?.pop();
    if (binned) return binned;
    if (this.#top + bytes > this.u8.byteLength) {
      this.#mergeFree();
      const split = this.#firstFit(bytes);
      if (split) return split;
      if (this.#top + bytes > this.u8.byteLength) return undefined;
    }
    return this.#takeTop(bytes);
  }

  /** @param isChanged  whether more memory may be free than before */
  #takeGrown(bytes: number, isChanged: boolean): WasmBlock | undefined {
    const free = isChanged ? this.#takeFree(bytes) : undefined;
    if (free) return free;
    return this.#grow(this.#top + bytes) ? this.#takeTop(bytes) : undefined;
  }

  #takeTop(bytes: number): WasmBlock {
    const address = this.#top;
    this.#top += bytes;
    this.peakBytes = Math.max(this.peakBytes, this.#top);
    return { address, bytes, used: 0, references: 0, isKept: false };
  }

  #put(block: WasmBlock): void {
    let bin = this.#bins.get(block.bytes);
    if (!bin) {
      bin = [];
      this.#bins.set(block.bytes, bin);
    }
    let i = bin.length;
    while (i > 0 && bin[i - 1].address < block.address) i--;
    bin.splice(i, 0, block);
  }

  /** Joins free neighbours; a block that ends at the top becomes unused memory again. */
  #mergeFree(): void {
    const free = [...this.#bins.values()].flat().sort((a, b) => a.address - b.address);
    this.#bins.clear();
    let address = 0;
    let bytes = 0;
    for (const block of free) {
      if (address + bytes === block.address) {
        bytes += block.bytes;
        continue;
      }
      if (bytes > 0) this.#put({ address, bytes, used: 0, references: 0, isKept: false });
      address = block.address;
      bytes = block.bytes;
    }
    if (bytes === 0) return;
    if (address + bytes === this.#top) this.#top = address;
    else this.#put({ address, bytes, used: 0, references: 0, isKept: false });
  }

  /** The lowest free block that is large enough, with the rest of it split off. */
  #firstFit(bytes: number): WasmBlock | undefined {
    let found: WasmBlock | undefined;
    for (const bin of this.#bins.values()) {
      const lowest = bin[bin.length - 1];
      if (lowest && lowest.bytes >= bytes && (!found || lowest.address < found.address)) found = lowest;
    }
    if (!found) return undefined;
    this.#bins.get(found.bytes)?.pop();
    const rest = found.bytes - bytes;
    if (rest > 0)
      this.#put({ address: found.address + bytes, bytes: rest, used: 0, references: 0, isKept: false });
    return { address: found.address, bytes, used: 0, references: 0, isKept: false };
  }

  /** Makes the memory reach `end`, and a little further where possible. @returns false when no more memory is available */
  #grow(end: number): boolean {
    if (end > END_OF_MEMORY) return false;
    const current = this.u8.byteLength / PAGE_BYTES;
    const needed = Math.ceil(end / PAGE_BYTES) - current;
    const spare = Math.min(Math.ceil(current * GROWTH), MOST_GROWTH_PAGES);
    const wanted = Math.min(Math.max(needed, spare), MAX_PAGES - current);
    const grown = this.#tryGrow(wanted) || this.#tryGrow(needed);
    this.#renewViews();
    return grown;
  }

  #tryGrow(pages: number): boolean {
    try {
      this.memory.grow(pages);
      return true;
    } catch {
      return false;
    }
  }

  #renewViews(): void {
    this.f64 = new Float64Array(this.memory.buffer);
    this.f32 = new Float32Array(this.memory.buffer);
    this.i32 = new Int32Array(this.memory.buffer);
    this.u16 = new Uint16Array(this.memory.buffer);
    this.u8 = new Uint8Array(this.memory.buffer);
  }
}

function placeOf({ length, rowLength, address }: WasmStorage, dtype: PackedType): PackedPlace {
  return { dtype, length, rowLength, at: address >>> 2 };
}

/** Bytes as words; packed weights always have whole words. */
function wordsOf(data: ArrayLike<number>): Int32Array {
  const isWhole = data instanceof Uint8Array && data.byteOffset % 4 === 0;
  const { buffer, byteOffset, length } = isWhole ? data : Uint8Array.from(data);
  return new Int32Array(buffer, byteOffset, length / 4);
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / SLICE_ALIGNMENT) * SLICE_ALIGNMENT;
}

function outOfMemory(bytes: number, liveBytes: number): DeviceError {
  return new DeviceError(
    `wasm: out of memory: ${bytes} bytes asked for, ${liveBytes} bytes in use, ${END_OF_MEMORY} bytes at most`,
  );
}
