/**
 * Every kernel of the Backend interface as plain loops in float64: the documentation of what a kernel
 * computes, and the oracle that the fast backends are compared with. Nothing here is made to be fast.
 */
import { DeviceError } from '../errors.js';
import {
  ADAM_HYPER,
  type Backend,
  type DType,
  type HostArray,
  type MatmulDims,
  type MemoryUse,
  SGD_HYPER,
  type Storage,
} from './backend.js';

const ARRAY_OF = { f32: Float64Array, i32: Int32Array, u8: Uint8Array } as const;

class ReferenceStorage implements Storage {
  freed = false;

  constructor(
    readonly owner: ReferenceBackend,
    readonly dtype: DType,
    readonly data: Float64Array | Int32Array | Uint8Array,
    readonly isSlice: boolean,
  ) {}

  get length(): number {
    return this.data.length;
  }
}

export class ReferenceBackend implements Backend {
  readonly name = 'reference';
  readonly features = ['float64'] as const;
  readonly stepsPerRead: number = 1;
  /** Never. */
  readonly lost = new Promise<DeviceError>(() => {});
  readonly recorder = undefined;
  #liveBytes = 0;
  #liveStorages = 0;

  alloc(dtype: DType, length: number): Storage {
    if (!Number.isSafeInteger(length) || length < 0) {
      throw new RangeError(`alloc: length must be a non-negative integer: ${length}`);
    }
    try {
      // Filled with what nobody should rely on, so that reading before writing shows up in a test.
      const data = new ARRAY_OF[dtype](length).fill(dtype === 'f32' ? Number.NaN : 85);
      this.#count(data.byteLength, 1);
      return new ReferenceStorage(this, dtype, data, false);
    } catch (error) {
      throw new DeviceError(`reference: cannot allocate ${length} elements of ${dtype}`, { cause: error });
    }
  }

  slice(storage: Storage, offset: number, length: number): Storage {
    const { data, dtype } = this.#open(storage);
    if (offset < 0 || length < 0 || offset + length > data.length) {
      throw new RangeError(`slice: outside the storage: ${offset} + ${length} > ${data.length}`);
    }
    this.#count(0, 1);
    return new ReferenceStorage(this, dtype, data.subarray(offset, offset + length), true);
  }

  free(storage: Storage): void {
    const opened = this.#open(storage);
    opened.freed = true;
    this.#count(opened.isSlice ? 0 : -opened.data.byteLength, -1);
  }

  write(storage: Storage, data: ArrayLike<number>): void {
    this.#open(storage).data.set(data);
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
    };
  }

  dispose(): void {}

  fill(out: Storage, value: number): void {
    this.#open(out).data.fill(value);
  }

  copy(out: Storage, x: Storage): void {
    this.#open(out).data.set(this.#open(x).data);
  }

  matmul(out: Storage, a: Storage, b: Storage, dims: MatmulDims): void {
    const { m, k, n, transA = false, transB = false, alpha = 1, beta = 0, bias } = dims;
    const [o, x, y] = [this.#open(out).data, this.#open(a).data, this.#open(b).data];
    const biasData = bias ? this.#open(bias).data : undefined;
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let l = 0; l < k; l++) {
          sum += x[transA ? l * m + i : i * k + l] * y[transB ? j * k + l : l * n + j];
        }
        const previous = beta === 0 ? 0 : beta * o[i * n + j];
        o[i * n + j] = alpha * sum + previous + (biasData ? biasData[j] : 0);
      }
    }
  }

  addBias(out: Storage, bias: Storage, rows: number, cols: number): void {
    const [o, b] = [this.#open(out).data, this.#open(bias).data];
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < cols; c++) o[r * cols + c] += b[c];
    }
  }

  sumRows(out: Storage, x: Storage, rows: number, cols: number, beta: number): void {
    const [o, data] = [this.#open(out).data, this.#open(x).data];
    for (let c = 0; c < cols; c++) {
      let sum = beta === 0 ? 0 : beta * o[c];
      for (let r = 0; r < rows; r++) sum += data[r * cols + c];
      o[c] = sum;
    }
  }

  axpy(out: Storage, x: Storage, alpha: number): void {
    const [o, data] = [this.#open(out).data, this.#open(x).data];
    for (let i = 0; i < o.length; i++) o[i] += alpha * data[i];
  }

  mul(out: Storage, a: Storage, b: Storage, beta: number): void {
    const [o, x, y] = [this.#open(out).data, this.#open(a).data, this.#open(b).data];
    const stride = y.length === 1 ? 0 : 1;
    for (let i = 0; i < o.length; i++) o[i] = x[i] * y[i * stride] + (beta === 0 ? 0 : beta * o[i]);
  }

  divide(out: Storage, a: Storage, b: Storage): void {
    const [o, x, y] = [this.#open(out).data, this.#open(a).data, this.#open(b).data];
    for (let i = 0; i < o.length; i++) o[i] = x[i] / y[i];
  }

  mulRows(out: Storage, x: Storage, factors: Storage, rows: number, cols: number, beta: number): void {
    const [o, data, f] = [this.#open(out).data, this.#open(x).data, this.#open(factors).data];
    for (let i = 0; i < rows * cols; i++) {
      o[i] = data[i] * f[Math.floor(i / cols)] + (beta === 0 ? 0 : beta * o[i]);
    }
  }

  mulColumns(out: Storage, x: Storage, factors: Storage, rows: number, cols: number, beta: number): void {
    const [o, data, f] = [this.#open(out).data, this.#open(x).data, this.#open(factors).data];
    for (let i = 0; i < rows * cols; i++) o[i] = data[i] * f[i % cols] + (beta === 0 ? 0 : beta * o[i]);
  }

  rowNorms(out: Storage, x: Storage, rows: number, cols: number): void {
    const [o, data] = [this.#open(out).data, this.#open(x).data];
    for (let r = 0; r < rows; r++) {
      let sum = 0;
      for (let c = 0; c < cols; c++) sum += data[r * cols + c] ** 2;
      o[r] = Math.sqrt(sum);
    }
  }

  norm(out: Storage, x: Storage): void {
    let sum = 0;
    for (const value of this.#open(x).data) sum += value ** 2;
    this.#open(out).data[0] = Math.sqrt(sum);
  }

  clipNorm(x: Storage, norm: Storage, maxNorm: number): void {
    const data = this.#open(x).data;
    const factor = Math.min(1, maxNorm / (this.#open(norm).data[0] + 1e-6));
    for (let i = 0; i < data.length; i++) data[i] *= factor;
  }

  take(
    out: Storage,
    table: Storage,
    indices: Storage,
    rows: number,
    cols: number,
    rowStride: number,
    colStride: number,
  ): void {
    const [o, data, index] = [this.#open(out).data, this.#open(table).data, this.#open(indices).data];
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < cols; c++) o[r * cols + c] = data[index[r] * rowStride + c * colStride];
    }
  }

  addAt(
    table: Storage,
    x: Storage,
    indices: Storage,
    rows: number,
    cols: number,
    rowStride: number,
    colStride: number,
  ): void {
    const [data, o, index] = [this.#open(x).data, this.#open(table).data, this.#open(indices).data];
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < cols; c++) o[index[r] * rowStride + c * colStride] += data[r * cols + c];
    }
  }

  dropoutMask(out: Storage, state: Storage, probability: number): void {
    const [o, s] = [this.#open(out).data, this.#open(state).data];
    const a = mix(s[0] + Math.imul(s[1], 0x9e3779b9));
    const threshold = Math.floor(probability * 2 ** 32);
    for (let i = 0; i < o.length; i++) {
      o[i] = mix(mix(i ^ a) + (a ^ 0x85ebca6b)) < threshold ? 0 : 1 / (1 - probability);
    }
    s[1] += 1;
  }

  append(list: Storage, x: Storage): void {
    const [o, data] = [this.#open(list).data, this.#open(x).data];
    const count = o[0];
    if (1 + count >= o.length) return;
    o[1 + count] = data[0];
    o[0] = count + 1;
  }

  relu(out: Storage, x: Storage): void {
    const [o, data] = [this.#open(out).data, this.#open(x).data];
    for (let i = 0; i < o.length; i++) o[i] = Math.max(data[i], 0);
  }

  reluBackward(dX: Storage, x: Storage, dOut: Storage, beta: number): void {
    const [o, data, d] = [this.#open(dX).data, this.#open(x).data, this.#open(dOut).data];
    for (let i = 0; i < o.length; i++) {
      o[i] = (data[i] > 0 ? d[i] : 0) + (beta === 0 ? 0 : beta * o[i]);
    }
  }

  softmaxCrossEntropy(
    loss: Storage,
    dLogits: Storage,
    logits: Storage,
    targets: Storage,
    rows: number,
    cols: number,
  ): void {
    const [x, t, d] = [this.#open(logits).data, this.#open(targets).data, this.#open(dLogits).data];
    let total = 0;
    for (let r = 0; r < rows; r++) {
      const row = x.subarray(r * cols, (r + 1) * cols);
      const target = t[r];
      if (target < 0 || target >= cols) {
        total = Number.NaN;
        d.fill(Number.NaN, r * cols, (r + 1) * cols);
        continue;
      }
      let max = Number.NEGATIVE_INFINITY;
      for (const value of row) max = Math.max(max, value);
      let sum = 0;
      for (const value of row) sum += Math.exp(value - max);
      total += Math.log(sum) - (row[target] - max);
      for (let c = 0; c < cols; c++) {
        d[r * cols + c] = (Math.exp(row[c] - max) / sum - (c === target ? 1 : 0)) / rows;
      }
    }
    this.#open(loss).data[0] = total / rows;
  }

  adamStep(param: Storage, grad: Storage, m: Storage, v: Storage, hyper: Storage): void {
    const [p, g] = [this.#open(param).data, this.#open(grad).data];
    const [mean, square] = [this.#open(m).data, this.#open(v).data];
    const h = this.#open(hyper).data;
    for (let i = 0; i < p.length; i++) {
      const gi = g[i] + h[ADAM_HYPER.weightDecay] * p[i];
      p[i] -= h[ADAM_HYPER.decoupledDecay] * p[i];
      mean[i] += h[ADAM_HYPER.oneMinusBeta1] * (gi - mean[i]);
      square[i] = h[ADAM_HYPER.beta2] * square[i] + h[ADAM_HYPER.oneMinusBeta2] * gi * gi;
      const denominator = Math.sqrt(square[i]) / h[ADAM_HYPER.biasCorrection2Sqrt] + h[ADAM_HYPER.eps];
      p[i] -= (h[ADAM_HYPER.stepSize] * mean[i]) / denominator;
    }
  }

  sgdStep(param: Storage, grad: Storage, velocity: Storage | undefined, hyper: Storage): void {
    const [p, g, h] = [this.#open(param).data, this.#open(grad).data, this.#open(hyper).data];
    const u = velocity ? this.#open(velocity).data : undefined;
    for (let i = 0; i < p.length; i++) {
      let update = g[i] + h[SGD_HYPER.weightDecay] * p[i];
      if (u) {
        u[i] = h[SGD_HYPER.momentum] * u[i] + h[SGD_HYPER.oneMinusDampening] * update;
        update = h[SGD_HYPER.nesterov] !== 0 ? update + h[SGD_HYPER.momentum] * u[i] : u[i];
      }
      p[i] -= h[SGD_HYPER.learningRate] * update;
    }
  }

  gatherRows(
    out: Storage,
    bytes: Storage,
    indices: Storage,
    rows: number,
    cols: number,
    scale: number,
    shift: number,
  ): void {
    const [o, data, index] = [this.#open(out).data, this.#open(bytes).data, this.#open(indices).data];
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < cols; c++) o[r * cols + c] = data[index[r] * cols + c] * scale + shift;
    }
  }

  gatherLabels(out: Storage, labels: Storage, indices: Storage, rows: number): void {
    const [o, data, index] = [this.#open(out).data, this.#open(labels).data, this.#open(indices).data];
    for (let r = 0; r < rows; r++) o[r] = data[index[r]];
  }

  countWrong(counts: Storage, logits: Storage, targets: Storage, rows: number, cols: number): void {
    const [o, x, t] = [this.#open(counts).data, this.#open(logits).data, this.#open(targets).data];
    for (let r = 0; r < rows; r++) {
      const target = t[r];
      if (target < 0 || target >= cols) continue;
      o[target] += 1;
      let best = 0;
      for (let c = 1; c < cols; c++) if (x[r * cols + c] > x[r * cols + best]) best = c;
      const atTarget = x[r * cols + target];
      if (best !== target || Number.isNaN(atTarget)) o[cols + target] += 1;
    }
  }

  #count(bytes: number, storages: number): void {
    this.#liveBytes += bytes;
    this.#liveStorages += storages;
  }

  #open(storage: Storage): ReferenceStorage {
    if (!(storage instanceof ReferenceStorage) || storage.owner !== this) {
      throw new TypeError('reference: the storage belongs to another device');
    }
    if (storage.freed) throw new Error('reference: the storage was freed');
    return storage;
  }
}

/** The last steps of MurmurHash3, on 32 bits. */
function mix(value: number): number {
  let x = value >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
