/** The backend on WebAssembly SIMD: storages in one linear memory, kernels compiled from assembly/. */
import type { DeviceError } from '../../errors.js';
import type { Backend, DType, HostArray, MatmulDims, MemoryUse, Storage } from '../backend.js';
import { chooseBuild, type Kernels, loadKernels, type WasmBuild } from './kernels.js';
import { WasmMemory, WasmStorage } from './memory.js';

export type { WasmBuild } from './kernels.js';

export interface WasmBackendOptions {
  /** Gives the bytes of `build/<name>.wasm`: from a file, a fetch, or embedded. */
  readonly readBinary: (name: WasmBuild) => Promise<Uint8Array>;
  /** Default: the fastest that the runtime has. */
  readonly build?: WasmBuild | undefined;
  /** Keeps to the `simd` build, whose results are the same bits on every machine. Default false. */
  readonly deterministic?: boolean | undefined;
}

/** @throws DeviceError when the runtime has no WebAssembly SIMD, or not the build asked for. */
export async function createWasmBackend(options: WasmBackendOptions): Promise<WasmBackend> {
  const build = await chooseBuild(options.build, options.deterministic ?? false);
  const memory = new WasmMemory();
  const kernels = await loadKernels(await options.readBinary(build), memory.memory);
  return new WasmBackend(build, memory, kernels);
}

const FEATURES: Record<WasmBuild, readonly string[]> = {
  debug: ['simd', 'debug'],
  simd: ['simd'],
  relaxed: ['simd', 'relaxed-simd'],
};

export class WasmBackend implements Backend {
  readonly name = 'wasm';
  readonly stepsPerRead = 1;
  /** Never. */
  readonly lost = new Promise<DeviceError>(() => {});
  readonly features: readonly string[];
  readonly #memory: WasmMemory;
  readonly #kernels: Kernels;
  /** Where matmul packs its operands; below all storages. */
  readonly #scratch: number;

  /** Use {@link createWasmBackend}. `kernels` must have been instantiated over `memory`. */
  constructor(build: WasmBuild, memory: WasmMemory, kernels: Kernels) {
    this.features = FEATURES[build];
    this.#memory = memory;
    this.#kernels = kernels;
    this.#scratch = Math.ceil(kernels.heapBase() / 256) * 256;
    memory.startAt(this.#scratch + kernels.matmulScratchBytes());
  }

  alloc(dtype: DType, length: number): Storage {
    return this.#memory.alloc(dtype, length);
  }

  slice(storage: Storage, offset: number, length: number): Storage {
    return this.#memory.slice(open(storage), offset, length);
  }

  free(storage: Storage): void {
    this.#memory.free(open(storage));
  }

  write(storage: Storage, data: ArrayLike<number>): void {
    if (data.length > storage.length) {
      throw new RangeError(`write: data is longer than the storage: ${data.length} > ${storage.length}`);
    }
    this.#memory.view(open(storage)).set(data);
  }

  async read(storage: Storage): Promise<HostArray> {
    return this.#memory.view(open(storage)).slice();
  }

  async sync(): Promise<void> {}

  memory(): MemoryUse {
    const { liveBytes, liveStorages, reservedBytes } = this.#memory;
    return { liveBytes, liveStorages, reservedBytes };
  }

  dispose(): void {}

  fill(out: Storage, value: number): void {
    const address = at(out);
    if (out.dtype === 'f32') this.#kernels.fill(address, out.length, value);
    else if (out.dtype === 'i32') this.#kernels.fillI32(address, out.length, value);
    else this.#kernels.fillU8(address, out.length, value);
  }

  copy(out: Storage, x: Storage): void {
    this.#kernels.copy(at(out), at(x), x.dtype === 'u8' ? x.length : x.length * 4);
  }

  matmul(out: Storage, a: Storage, b: Storage, dims: MatmulDims): void {
    const { m, k, n, transA, transB, alpha, beta, bias } = dims;
    this.#kernels.matmul(
      at(out),
      at(a),
      at(b),
      bias === undefined ? 0 : at(bias),
      m,
      k,
      n,
      transA ? 1 : 0,
      transB ? 1 : 0,
      alpha ?? 1,
      beta ?? 0,
      this.#scratch,
    );
  }

  addBias(out: Storage, bias: Storage, rows: number, cols: number): void {
    this.#kernels.addBias(at(out), at(bias), rows, cols);
  }

  sumRows(out: Storage, x: Storage, rows: number, cols: number, beta: number): void {
    this.#kernels.sumRows(at(out), at(x), rows, cols, beta);
  }

  axpy(out: Storage, x: Storage, alpha: number): void {
    this.#kernels.axpy(at(out), at(x), out.length, alpha);
  }

  mul(out: Storage, a: Storage, b: Storage, beta: number): void {
    if (b.length === 1) this.#kernels.mulScalar(at(out), at(a), at(b), out.length, beta);
    else this.#kernels.mul(at(out), at(a), at(b), out.length, beta);
  }

  append(list: Storage, x: Storage): void {
    this.#kernels.append(at(list), list.length, at(x));
  }

  relu(out: Storage, x: Storage): void {
    this.#kernels.relu(at(out), at(x), out.length);
  }

  reluBackward(dX: Storage, x: Storage, dOut: Storage, beta: number): void {
    this.#kernels.reluBackward(at(dX), at(x), at(dOut), dX.length, beta);
  }

  softmaxCrossEntropy(
    loss: Storage,
    dLogits: Storage,
    logits: Storage,
    targets: Storage,
    rows: number,
    cols: number,
  ): void {
    this.#kernels.softmaxCrossEntropy(at(loss), at(dLogits), at(logits), at(targets), rows, cols);
  }

  adamStep(param: Storage, grad: Storage, m: Storage, v: Storage, hyper: Storage): void {
    this.#kernels.adamStep(at(param), at(grad), at(m), at(v), param.length, at(hyper));
  }

  sgdStep(param: Storage, grad: Storage, velocity: Storage | undefined, hyper: Storage): void {
    const velocityAt = velocity === undefined ? 0 : at(velocity);
    this.#kernels.sgdStep(at(param), at(grad), velocityAt, param.length, at(hyper));
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
    this.#kernels.gatherRows(at(out), at(bytes), at(indices), rows, cols, scale, shift);
  }

  gatherLabels(out: Storage, labels: Storage, indices: Storage, rows: number): void {
    this.#kernels.gatherLabels(at(out), at(labels), at(indices), rows);
  }

  countWrong(counts: Storage, logits: Storage, targets: Storage, rows: number, cols: number): void {
    this.#kernels.countWrong(at(counts), at(logits), at(targets), rows, cols);
  }
}

/** The storage as this backend's own, not freed. */
function open(storage: Storage): WasmStorage {
  if (!(storage instanceof WasmStorage)) throw new TypeError('wasm: the storage belongs to another device');
  if (storage.address === 0) throw new Error('wasm: the storage was freed');
  return storage;
}

/** The address of a storage that is not freed. */
function at(storage: Storage): number {
  return open(storage).address;
}
