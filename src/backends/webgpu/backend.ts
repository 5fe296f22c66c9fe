/** The backend on WebGPU: kernel calls become dispatches; commands.ts decides when they run. */
import type { DeviceError } from '../../base/errors.js';
import {
  type Backend,
  type DType,
  type HostArray,
  type KernelArguments,
  type MemoryUse,
  type Storage,
  storageBytes,
} from '../backend.js';
import { checkWrite, isPackedType } from '../elementTypes.js';
import type { KernelName } from '../kernels.js';
import type { Recorder } from '../recorder.js';
import { CallCache } from './calls.js';
import { CommandQueue } from './commands.js';
import type { AdapterLimits, AdapterReport } from './gpuAdapter.js';
import { DeviceHealth } from './health.js';
import { type Shaders, shadersAtFirstUse } from './kernels.js';
import type { MatmulPlanner } from './matmulPlan.js';
import { type WebGpuBlock, WebGpuMemory } from './memory.js';
import { type WebGpuCommand, WebGpuRunner } from './runner.js';
import { ShaderRunner } from './shaderRunner.js';
import { fromWords, toWords } from './words.js';

/** Counters for the benchmarks; all but `buffers` and `calls` only increase. */
export interface WebGpuCounters {
  readonly dispatches: number;
  readonly submits: number;
  /** Milliseconds of host time in kernel calls and programs, without the submits. */
  readonly encodeMs: number;
  /** Number of GPU buffers that hold storages, in use or free. */
  readonly buffers: number;
  /** Number of calls whose bind groups are kept. */
  readonly calls: number;
}

export interface WebGpuParts {
  readonly gpu: GPU;
  readonly device: GPUDevice;
  readonly report: AdapterReport;
  /** Shaders compiled on `device`, including those that `matmul` uses. Undefined: each is compiled at its first call. */
  readonly kernels: Shaders | undefined;
  readonly matmul: MatmulPlanner;
  /** Maximum workgroups in one dimension of a dispatch. Default: the device's limit. */
  readonly maxGroups: number | undefined;
}

export class WebGpuBackend implements Backend {
  readonly name = 'webgpu';
  readonly features: readonly string[];
  readonly adapterDescription: string;
  readonly limits: AdapterLimits;
  /** A read waits for all pending work and for the transfer, so reads are rare. */
  readonly stepsPerRead = 32;
  /** Resolves when the device is lost or disposed, with the reason; pending work is rejected with it. */
  readonly lost: Promise<DeviceError>;
  readonly recorder: Recorder<WebGpuCommand, WebGpuBlock>;
  readonly #device: GPUDevice;
  /** Reference to the `gpu` object: Node's WebGPU ends the process when it is collected while a device is in use. */
  protected readonly gpu: GPU;
  readonly #health: DeviceHealth;
  readonly #memory: WebGpuMemory;
  readonly #commands: CommandQueue;
  readonly #calls: CallCache;
  readonly #runner: WebGpuRunner;
  readonly #shaders: ShaderRunner;

  /** Use createWebGpuBackend instead. */
  constructor({ gpu, device, report, kernels, matmul, maxGroups }: WebGpuParts) {
    this.gpu = gpu;
    this.features = report.features;
    this.adapterDescription = report.description;
    this.limits = report.limits;
    this.#device = device;
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
    const shaders = kernels ?? shadersAtFirstUse(device, health);
    this.#runner = new WebGpuRunner({ health, memory, commands, calls, kernels: shaders });
    this.recorder = this.#runner.recorder;
    this.#shaders = new ShaderRunner(this.#runner, memory, matmul);
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
    checkWrite(out, data.length);
    if (data.length === 0) return;
    this.recorder.interrupt();
    const words = toWords(out.dtype, data);
    if (isPackedType(out.dtype) || storageBytes(out.dtype, data.length) % 4 === 0) {
      this.#commands.write(out, words);
      return;
    }
    // The last word holds bytes that must not change: the kernel preserves them, a write would not.
    const start = this.#memory.alloc(out.dtype, data.length, this.recorder);
    this.#commands.write(start, words);
    this.run('copy', { out, x: start });
    this.#memory.free(start);
  }

  async read(storage: Storage): Promise<HostArray> {
    const opened = this.#memory.open(storage);
    this.recorder.interrupt();
    // The read is requested now, so that it gives the current values.
    const words =
      opened.length > 0 ? this.#commands.read(opened) : this.sync().then(() => new ArrayBuffer(0));
    const values = fromWords(opened.dtype, await words, opened.length);
    await this.#memory.pressure.relieve();
    return values;
  }

  async sync(): Promise<void> {
    this.recorder.interrupt();
    await this.#commands.sync();
  }

  memory(): MemoryUse {
    const { liveBytes, liveStorages, reservedBytes, peakBytes } = this.#memory;
    const { stagingBytes } = this.#commands;
    return {
      ...{ liveBytes, liveStorages },
      reservedBytes: reservedBytes + stagingBytes,
      peakBytes: peakBytes + stagingBytes,
    };
  }

  dispose(): void {
    this.#health.dispose();
    this.#device.destroy();
  }

  run<Name extends KernelName>(kernel: Name, args: KernelArguments<Name>): void {
    this.#shaders.run(kernel, args);
  }
}
