/** The backend on WebGPU: kernel calls become dispatches; see commands.ts for when they run. */
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
import type { Recorder } from '../recorder.js';
import type { AdapterLimits, AdapterReport } from './adapter.js';
import { CallCache } from './calls.js';
import { CommandQueue } from './commands.js';
import { DeviceHealth } from './health.js';
import type { KernelName, Kernels } from './kernels.js';
import type { MatmulPlanner } from './matmulPlan.js';
import { type Block, WebGpuMemory } from './memory.js';
import { type Command, Runner } from './runner.js';
import { fillBits, floatBits, fromWords, lastMask, NAN_BITS, toWords } from './words.js';

/** Rows that one thread of sumRows adds up. */
const STRETCH = 64;

/** What the bench wants to know; all but `buffers` and `calls` count up. */
export interface WebGpuCounters {
  readonly dispatches: number;
  readonly submits: number;
  /** Milliseconds on the host in kernel calls and programs, without the submits. */
  readonly encodeMs: number;
  /** GPU buffers that hold storages, in use or free. */
  readonly buffers: number;
  /** Calls whose bind groups are kept. */
  readonly calls: number;
}

export interface WebGpuParts {
  readonly gpu: GPU;
  readonly device: GPUDevice;
  readonly report: AdapterReport;
  /** Compiled on `device`, with those that `matmul` wants. */
  readonly kernels: Kernels;
  readonly matmul: MatmulPlanner;
  /** Workgroups in one dimension of a dispatch; default the device's limit. */
  readonly maxGroups: number | undefined;
}

export class WebGpuBackend implements Backend {
  readonly name = 'webgpu';
  readonly features: readonly string[];
  readonly adapterDescription: string;
  readonly limits: AdapterLimits;
  /** A read waits for all that was asked for and for the way back: worth it every so often only. */
  readonly stepsPerRead = 32;
  /** Settles when the device is lost or disposed, with why; what is under way then is rejected with it. */
  readonly lost: Promise<DeviceError>;
  readonly recorder: Recorder<Command, Block>;
  readonly #device: GPUDevice;
  /** Node's WebGPU ends the process when this is collected while a device is used. */
  protected readonly gpu: GPU;
  readonly #health: DeviceHealth;
  readonly #memory: WebGpuMemory;
  readonly #commands: CommandQueue;
  readonly #calls: CallCache;
  readonly #runner: Runner;
  readonly #matmul: MatmulPlanner;

  /** Use createWebGpuBackend. */
  constructor({ gpu, device, report, kernels, matmul, maxGroups }: WebGpuParts) {
    this.gpu = gpu;
    this.features = report.features;
    this.adapterDescription = report.description;
    this.limits = report.limits;
    this.#device = device;
    this.#matmul = matmul;
    this.#health = new DeviceHealth(device);
    this.lost = this.#health.lost;
    const health = this.#health;
    const memory = new WebGpuMemory(device, health);
    const commands = new CommandQueue(device, health);
    const most = maxGroups ?? device.limits.maxComputeWorkgroupsPerDimension;
    const calls = new CallCache(device, memory.reserveNothing(), most);
    this.#memory = memory;
    this.#commands = commands;
    this.#calls = calls;
    this.#runner = new Runner({ health, memory, commands, calls, kernels });
    this.recorder = this.#runner.recorder;
  }

  get counters(): WebGpuCounters {
    return {
      dispatches: this.#commands.dispatches,
      submits: this.#commands.submits,
      encodeMs: this.#runner.encodeMs,
      buffers: this.#memory.bufferCount,
      calls: this.#calls.size,
    };
  }

  alloc(dtype: DType, length: number): Storage {
    return this.#memory.alloc(dtype, length, this.recorder);
  }

  slice(storage: Storage, offset: number, length: number): Storage {
    return this.#memory.slice(this.#memory.open(storage), offset, length);
  }

  free(storage: Storage): void {
    this.#memory.free(this.#memory.own(storage));
  }

  write(storage: Storage, data: ArrayLike<number>): void {
    const out = this.#memory.open(storage);
    this.#health.check();
    if (data.length > out.length) {
      throw new RangeError(`write: data is longer than the storage: ${data.length} > ${out.length}`);
    }
    if (data.length === 0) return;
    this.recorder.interrupt();
    const words = toWords(out.dtype, data);
    if (out.dtype !== 'u8' || data.length % 4 === 0) {
      this.#commands.write(out, words);
      return;
    }
    // The last word holds bytes that stay as they are: the kernel knows how, a write does not.
    const bytes = this.#memory.alloc('u8', data.length, this.recorder);
    this.#commands.write(bytes, words);
    this.copy(out, bytes);
    this.#memory.free(bytes);
  }

  async read(storage: Storage): Promise<HostArray> {
    const opened = this.#memory.open(storage);
    this.recorder.interrupt();
    await this.#memory.pressure.relieve();
    if (opened.length > 0) return fromWords(opened.dtype, await this.#commands.read(opened), opened.length);
    await this.sync();
    return fromWords(opened.dtype, new ArrayBuffer(0), 0);
  }

  async sync(): Promise<void> {
    this.recorder.interrupt();
    await this.#commands.sync();
  }

  memory(): MemoryUse {
    const { liveBytes, liveStorages, reservedBytes } = this.#memory;
    return { liveBytes, liveStorages, reservedBytes: reservedBytes + this.#commands.stagingBytes };
  }

  dispose(): void {
    this.#health.dispose();
    this.#device.destroy();
  }

  fill(out: Storage, value: number): void {
    const { dtype, byteLength, wordBytes } = this.#memory.open(out);
    const params = [wordBytes / 4, fillBits(dtype, value), lastMask(byteLength)];
    this.#run('fill', [out], params, wordBytes / 4 / 256);
  }

  copy(out: Storage, x: Storage): void {
    const { byteLength, wordBytes } = this.#memory.open(x);
    this.#run('copy', [x, out], [wordBytes / 4, lastMask(byteLength)], wordBytes / 4 / 256);
  }

  matmul(out: Storage, a: Storage, b: Storage, dims: MatmulDims): void {
    const { m, k, n, transA = false, transB = false, alpha = 1, beta = 0, bias } = dims;
    const { kernel, groups } = this.#matmul.plan(dims);
    const strides = [transA ? 1 : k, transA ? m : 1, transB ? 1 : n, transB ? k : 1];
    const params = [m, k, n, ...strides, bias ? 1 : 0, floatBits(alpha), floatBits(beta)];
    // Without a bias something else is bound in its place, and not read.
    this.#run(kernel, [a, b, bias ?? b, out], params, groups);
  }

  addBias(out: Storage, bias: Storage, rows: number, cols: number): void {
    const length = rows * cols;
    this.#run('addBias', [bias, out], [length, cols], length / 256);
  }

  sumRows(out: Storage, x: Storage, rows: number, cols: number, beta: number): void {
    const stretches = Math.ceil(rows / STRETCH);
    if (stretches <= 1) {
      this.#run('sumRows', [x, out], [rows, cols, STRETCH, floatBits(beta)], cols / 64);
      return;
    }
    // In stretches, so that few columns of many rows have threads enough.
    const sums = this.alloc('f32', stretches * cols);
    this.#run('sumRows', [x, sums], [rows, cols, STRETCH, 0], (stretches * cols) / 64);
    this.sumRows(out, sums, stretches, cols, beta);
    this.free(sums);
  }

  axpy(out: Storage, x: Storage, alpha: number): void {
    this.#run('axpy', [x, out], [out.length, floatBits(alpha)], out.length / 256);
  }

  mul(out: Storage, a: Storage, b: Storage, beta: number): void {
    const params = [out.length, b.length === 1 ? 0 : 1, floatBits(beta)];
    this.#run('mul', [a, b, out], params, out.length / 256);
  }

  relu(out: Storage, x: Storage): void {
    this.#run('relu', [x, out], [out.length], out.length / 256);
  }

  reluBackward(dX: Storage, x: Storage, dOut: Storage, beta: number): void {
    this.#run('reluBackward', [x, dOut, dX], [dX.length, floatBits(beta)], dX.length / 256);
  }

  softmaxCrossEntropy(
    loss: Storage,
    dLogits: Storage,
    logits: Storage,
    targets: Storage,
    rows: number,
    cols: number,
  ): void {
    const rowLoss = this.alloc('f32', rows);
    this.#run('crossEntropyRows', [logits, targets, rowLoss, dLogits], [rows, cols, NAN_BITS], rows);
    this.#run('crossEntropyMean', [rowLoss, loss], [rows, NAN_BITS], 1);
    this.free(rowLoss);
  }

  adamStep(param: Storage, grad: Storage, m: Storage, v: Storage, hyper: Storage): void {
    this.#run('adamStep', [grad, hyper, param, m, v], [param.length], param.length / 256);
  }

  sgdStep(param: Storage, grad: Storage, velocity: Storage | undefined, hyper: Storage): void {
    const { length } = param;
    if (velocity) this.#run('sgdMomentumStep', [grad, hyper, param, velocity], [length], length / 256);
    else this.#run('sgdStep', [grad, hyper, param], [length], length / 256);
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
    const length = rows * cols;
    const params = [length, cols, floatBits(scale), floatBits(shift)];
    this.#run('gatherRows', [bytes, indices, out], params, length / 256);
  }

  gatherLabels(out: Storage, labels: Storage, indices: Storage, rows: number): void {
    this.#run('gatherLabels', [labels, indices, out], [rows], rows / 256);
  }

  countWrong(counts: Storage, logits: Storage, targets: Storage, rows: number, cols: number): void {
    this.#run('countWrong', [logits, targets, counts], [rows, cols], rows / 64);
  }

  divide(out: Storage, a: Storage, b: Storage): void {
    this.#run('divide', [a, b, out], [out.length], out.length / 256);
  }

  mulRows(out: Storage, x: Storage, factors: Storage, rows: number, cols: number, beta: number): void {
    this.#run('mulVector', [x, factors, out], [rows * cols, cols, 1, floatBits(beta)], (rows * cols) / 256);
  }

  mulColumns(out: Storage, x: Storage, factors: Storage, rows: number, cols: number, beta: number): void {
    this.#run('mulVector', [x, factors, out], [rows * cols, cols, 0, floatBits(beta)], (rows * cols) / 256);
  }

  rowNorms(out: Storage, x: Storage, rows: number, cols: number): void {
    this.#run('rowNorms', [x, out], [rows, cols], rows);
  }

  norm(out: Storage, x: Storage): void {
    this.rowNorms(out, x, 1, x.length);
  }

  clipNorm(x: Storage, norm: Storage, maxNorm: number): void {
    this.#run('clipNorm', [norm, x], [x.length, floatBits(maxNorm)], x.length / 256);
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
    const length = rows * cols;
    const params = [length, cols, rowStride, colStride, rowsOf(table, cols), NAN_BITS];
    this.#run('take', [table, indices, out], params, length / 256);
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
    const params = [rows, cols, rowStride, colStride, rowsOf(table, cols)];
    this.#run('addAt', [x, indices, table], params, cols / 64);
  }

  dropoutMask(out: Storage, state: Storage, probability: number): void {
    // At probability 1 the threshold does not fit into 32 bits: then what is kept is 0 too.
    const kept = floatBits(probability < 1 ? 1 / (1 - probability) : 0);
    const threshold = Math.floor(probability * 2 ** 32);
    this.#run('dropoutMask', [state, out], [out.length, threshold, kept], out.length / 256);
    this.#run('countUp', [state], [1], 1);
  }

  append(list: Storage, x: Storage): void {
    this.#run('append', [x, list], [list.length], 1);
  }

  #run(name: KernelName, storages: readonly Storage[], params: readonly number[], groups: number): void {
    this.#runner.call(name, storages, params, groups);
  }
}
