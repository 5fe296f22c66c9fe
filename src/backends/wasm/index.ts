/** The backend on WebAssembly SIMD: storages in one linear memory, kernels compiled from assembly/. */
import type { DeviceError } from '../../errors.js';
import {
  type Backend,
  type DType,
  type HostArray,
  type MatmulDims,
  type MemoryUse,
  rowsOf,
  type Storage,
} from '../backend.js';
import { countDisposed, giveBackDisposed } from '../ownership.js';
import { Recorder } from '../recorder.js';
import { chooseBuild, loadKernels, type Op, type WasmBinary, type WasmBuild } from './kernels.js';
import { type Block, WasmMemory, WasmStorage } from './memory.js';
import { type Command, Runner } from './runner.js';
import { chooseThreads, type ThreadPlatform } from './threads.js';

export type { WasmBinary, WasmBuild } from './kernels.js';
export type { ThreadPlatform } from './threads.js';

export interface WasmBackendOptions {
  /** Gives the bytes of `build/<name>.wasm`: from a file, a fetch, or embedded. */
  readonly readBinary: (name: WasmBinary) => Promise<Uint8Array>;
  /** Default: the fastest that the runtime has. */
  readonly build?: WasmBuild | undefined;
  /** Keeps to the `simd` build, whose results are the same bits on every machine. Default false. */
  readonly deterministic?: boolean | undefined;
  /** Threads, the caller's included, which change no result; `auto` is one for each core, up to 8. Default 1. */
  readonly threads?: number | 'auto' | undefined;
  /** Needed for more than one. */
  readonly threadPlatform?: ThreadPlatform | undefined;
}

/**
 * @throws DeviceError when the runtime has no WebAssembly SIMD, not the build or not the threads asked for,
 *   RangeError for a number of threads out of range
 */
export async function createWasmBackend(options: WasmBackendOptions): Promise<WasmBackend> {
  const { readBinary, threads: requested = 1, threadPlatform } = options;
  const build = await chooseBuild(options.build, options.deterministic ?? false);
  const threads = chooseThreads(requested, build === 'debug' ? undefined : threadPlatform);
  await giveBackDisposed();
  const memory = new WasmMemory(threads > 1);
  const binary = await readBinary(threads > 1 && build !== 'debug' ? `${build}-shared` : build);
  const module = await WebAssembly.compile(binary as BufferSource);
  const runner = new Runner(await loadKernels(module, memory.memory), memory, threads);
  if (threads > 1 && threadPlatform) await runner.start(threads, module, threadPlatform);
  return new WasmBackend(build, memory, runner);
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
  readonly recorder: Recorder<Command, Block>;
  readonly #memory: WasmMemory;
  readonly #runner: Runner;
  #isDisposed = false;

  /** Use {@link createWasmBackend}. */
  constructor(build: WasmBuild, memory: WasmMemory, runner: Runner) {
    const { threads } = runner;
    this.features = threads > 1 ? [...FEATURES[build], `${threads} threads`] : FEATURES[build];
    this.#memory = memory;
    this.#runner = runner;
    this.recorder = new Recorder(runner);
  }

  /** Those that compute, the caller's included. */
  get threads(): number {
    return this.#runner.threads;
  }

  alloc(dtype: DType, length: number): Storage {
    return this.#memory.alloc(dtype, length, this.recorder);
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
    this.recorder.interrupt();
    this.#memory.write(open(storage), data);
  }

  async read(storage: Storage): Promise<HostArray> {
    this.recorder.interrupt();
    const values = this.#memory.view(open(storage)).slice();
    await this.#memory.pressure.relieve();
    return values;
  }

  async sync(): Promise<void> {
    this.recorder.interrupt();
  }

  memory(): MemoryUse {
    const { liveBytes, liveStorages, reservedBytes } = this.#memory;
    return { liveBytes, liveStorages, reservedBytes };
  }

  /** Ends the threads. */
  dispose(): void {
    if (!this.#isDisposed) countDisposed(this.#memory.reservedBytes);
    this.#isDisposed = true;
    this.#runner.stop();
  }

  fill(out: Storage, value: number): void {
    const op = FILL_OF[out.dtype];
    this.#call(op, at(out), out.length, value);
  }

  copy(out: Storage, x: Storage): void {
    this.#call('copy', at(out), at(x), x.dtype === 'u8' ? x.length : x.length * 4);
  }

  matmul(out: Storage, a: Storage, b: Storage, dims: MatmulDims): void {
    const { m, k, n, transA, transB, alpha, beta, bias } = dims;
    this.#call(
      'matmul',
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
    );
  }

  addBias(out: Storage, bias: Storage, rows: number, cols: number): void {
    this.#call('addBias', at(out), at(bias), rows, cols);
  }

  sumRows(out: Storage, x: Storage, rows: number, cols: number, beta: number): void {
    this.#call('sumRows', at(out), at(x), rows, cols, beta);
  }

  axpy(out: Storage, x: Storage, alpha: number): void {
    this.#call('axpy', at(out), at(x), out.length, alpha);
  }

  mul(out: Storage, a: Storage, b: Storage, beta: number): void {
    this.#call(b.length === 1 ? 'mulScalar' : 'mul', at(out), at(a), at(b), out.length, beta);
  }

  divide(out: Storage, a: Storage, b: Storage): void {
    this.#call('divide', at(out), at(a), at(b), out.length);
  }

  mulRows(out: Storage, x: Storage, factors: Storage, rows: number, cols: number, beta: number): void {
    this.#call('mulRows', at(out), at(x), at(factors), rows, cols, beta);
  }

  mulColumns(out: Storage, x: Storage, factors: Storage, rows: number, cols: number, beta: number): void {
    this.#call('mulColumns', at(out), at(x), at(factors), rows, cols, beta);
  }

  rowNorms(out: Storage, x: Storage, rows: number, cols: number): void {
    this.#call('rowNorms', at(out), at(x), rows, cols);
  }

  norm(out: Storage, x: Storage): void {
    this.rowNorms(out, x, 1, x.length);
  }

  clipNorm(x: Storage, norm: Storage, maxNorm: number): void {
    this.#call('clipNorm', at(x), at(norm), x.length, maxNorm);
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
    const count = rowsOf(table, cols);
    this.#call('take', at(out), at(table), at(indices), rows, cols, rowStride, colStride, count);
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
    const count = rowsOf(table, cols);
    this.#call('addAt', at(table), at(x), at(indices), rows, cols, rowStride, colStride, count);
  }

  dropoutMask(out: Storage, state: Storage, probability: number): void {
    const threshold = Math.floor(probability * 2 ** 32);
    this.#call('dropoutMask', at(out), at(state), out.length, threshold, 1 / (1 - probability));
  }

  append(list: Storage, x: Storage): void {
    this.#call('append', at(list), list.length, at(x));
  }

  relu(out: Storage, x: Storage): void {
    this.#call('relu', at(out), at(x), out.length);
  }

  reluBackward(dX: Storage, x: Storage, dOut: Storage, beta: number): void {
    this.#call('reluBackward', at(dX), at(x), at(dOut), dX.length, beta);
  }

  softmaxCrossEntropy(
    loss: Storage,
    dLogits: Storage,
    logits: Storage,
    targets: Storage,
    rows: number,
    cols: number,
  ): void {
    this.#call('softmaxCrossEntropy', at(loss), at(dLogits), at(logits), at(targets), rows, cols);
  }

  adamStep(param: Storage, grad: Storage, m: Storage, v: Storage, hyper: Storage): void {
    this.#call('adamStep', at(param), at(grad), at(m), at(v), param.length, at(hyper));
  }

  sgdStep(param: Storage, grad: Storage, velocity: Storage | undefined, hyper: Storage): void {
    const velocityAt = velocity === undefined ? 0 : at(velocity);
    this.#call('sgdStep', at(param), at(grad), velocityAt, param.length, at(hyper));
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
    this.#call('gatherRows', at(out), at(bytes), at(indices), rows, cols, scale, shift);
  }

  gatherLabels(out: Storage, labels: Storage, indices: Storage, rows: number): void {
    this.#call('gatherLabels', at(out), at(labels), at(indices), rows);
  }

  countWrong(counts: Storage, logits: Storage, targets: Storage, rows: number, cols: number): void {
    this.#call('countWrong', at(counts), at(logits), at(targets), rows, cols);
  }

  /** Calls a kernel with the arguments that assembly/ gives it, or leaves that to a program. */
  #call(op: Op, ...operands: number[]): void {
    const command: Command = [this.#runner.ops[op], ...operands];
    if (this.recorder.admit(command)) this.#runner.runOne(command);
  }
}

const FILL_OF = { f32: 'fill', i32: 'fillI32', u8: 'fillU8' } as const;

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
