/** Keys and values of the tokens that a model has read, so that the next token requires only its own. */
import { noGrad } from '../autograd/record.js';
import type { Backend } from '../backends/backend.js';
import { SLICE_ALIGNMENT } from '../backends/backend.js';
import { DeviceError } from '../base/errors.js';
import { type Tensor, tensor, zeros } from '../tensor.js';

/** Sizes of a model's keys and values. */
export interface CacheSizes {
  readonly layers: number;
  /** Length of a token's keys in a layer: kvHeads · headDim. */
  readonly width: number;
}

const LAYER_TENSORS = 2;
const F32_BYTES = 4;

/** Tables for the keys, then for the values of each layer. @throws DeviceError with the required memory; no table remains then */
function zeroTables(device: Backend, sizes: CacheSizes, capacity: number): Tensor[] {
  const made: Tensor[] = [];
  try {
    while (made.length < LAYER_TENSORS * sizes.layers) made.push(zeros(device, [capacity, sizes.width]));
    return made;
  } catch (error) {
    for (const each of made) each.dispose();
    if (!(error instanceof DeviceError)) throw error;
    const needed = Math.ceil(KeyValueCache.bytes(sizes, capacity) / 2 ** 20);
    throw new DeviceError(
      `KeyValueCache: keys and values of ${capacity} tokens need ${needed} MiB, and fewer tokens less: ${error.message}`,
      { cause: error },
    );
  }
}

/**
 * Memory for the keys and values of `capacity` tokens in each layer. Rows are written after the first {@link length}, which the
 * caller advances when all layers have written theirs; unused rows are zeros.
 */
export class KeyValueCache {
  /** Keys of each layer, [capacity, width]. */
  readonly #keys: readonly Tensor[];
  readonly #values: readonly Tensor[];
  #length = 0;

  constructor(
    readonly device: Backend,
    readonly sizes: CacheSizes,
    readonly capacity: number,
  ) {
    if (!(Number.isInteger(capacity) && capacity >= 1))
      throw new RangeError(`KeyValueCache: capacity must be a positive integer: ${capacity}`);
    const all = zeroTables(device, sizes, capacity);
    this.#keys = all.slice(0, sizes.layers);
    this.#values = all.slice(sizes.layers);
  }

  /** Bytes that a cache takes. */
  static bytes({ layers, width }: CacheSizes, capacity: number): number {
    return LAYER_TENSORS * layers * width * capacity * F32_BYTES;
  }

  /** Number of tokens whose keys and values are stored. */
  get length(): number {
    return this.#length;
  }

  /**
   * Writes the first rows of keys and values of a layer after the stored ones. Their row numbers are in device memory, so
   * that the kernel calls for one token equal those for the next.
   * @param rows  i32, the row numbers in the cache: {@link length} and above, each once
   * @returns     all keys and values of the layer, [capacity, width]
   */
  put(
    layer: number,
    key: Tensor,
    value: Tensor,
    rows: Tensor,
  ): { readonly keys: Tensor; readonly values: Tensor } {
    const [keys, values] = [this.#keys[layer], this.#values[layer]];
    if (this.#length + rows.length > this.capacity)
      throw new RangeError(
        `KeyValueCache: has room for ${this.capacity} tokens: ${this.#length} and ${rows.length} more do not fit`,
      );
    this.#add(keys, key, rows);
    this.#add(values, value, rows);
    return { keys, values };
  }

  /** Counts `tokens` more tokens, which all layers have written. */
  advance(tokens: number): void {
    this.#length += tokens;
  }

  /** Drops all tokens after the first `length`. */
  truncate(length: number): void {
    if (!(length >= 0 && length <= this.#length))
      throw new RangeError(`KeyValueCache: has ${this.#length} tokens: cannot keep ${length}`);
    if (length < this.#length) for (const each of this.#all()) this.#keepRows(each, length);
    this.#length = length;
  }

  /** Copies the tokens of a smaller cache. */
  copyFrom(other: KeyValueCache): void {
    const { device } = this;
    const mine = this.#all();
    for (const [i, table] of other.#all().entries()) {
      const x = device.slice(table.storage, 0, other.#length * this.sizes.width);
      const out = device.slice(mine[i].storage, 0, x.length);
      device.run('copy', { out, x });
      device.free(out);
      device.free(x);
    }
    this.#length = other.#length;
  }

  dispose(): void {
    for (const each of this.#all()) each.dispose();
  }

  #all(): readonly Tensor[] {
    return [...this.#keys, ...this.#values];
  }

  /** Whether a row may begin a slice. */
  get #isAligned(): boolean {
    return (this.sizes.width * F32_BYTES) % SLICE_ALIGNMENT === 0;
  }

  /** Writes rows by adding them to rows of zeros. */
  #add(table: Tensor, x: Tensor, { storage: indices, length }: Tensor): void {
    const cols = this.sizes.width;
    const place = { indices, rows: length, cols, rowStride: cols, colStride: 1 };
    this.device.run('addAt', { table: table.storage, x: x.storage, ...place, beta: 1 });
  }

  /** Zeroes the used rows after the first `count`. */
  #keepRows(table: Tensor, count: number): void {
    const { device } = this;
    const cols = this.sizes.width;
    if (count === 0 || this.#isAligned) {
      const others = device.slice(table.storage, count * cols, (this.#length - count) * cols);
      device.run('fill', { out: others, value: 0 });
      device.free(others);
      return;
    }
    noGrad(() => {
      const numbers = Int32Array.from({ length: count }, (_, i) => i);
      const indices = tensor(device, numbers, [count], 'i32');
      const place = { indices: indices.storage, rows: count, cols, rowStride: cols, colStride: 1 };
      const out = device.alloc('f32', count * cols);
      device.run('take', { out, table: table.storage, ...place });
      device.run('addAt', { table: table.storage, x: out, ...place, beta: 0 });
      device.free(out);
      indices.dispose();
    });
  }
}
