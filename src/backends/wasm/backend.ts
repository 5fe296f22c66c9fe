/** The backend on WebAssembly SIMD: storages in one linear memory, kernels compiled from assembly/. */
import type { DeviceError } from '../../base/errors.js';
import type { Backend, DType, HostArray, KernelArguments, MemoryUse, Storage } from '../backend.js';
import { checkWrite } from '../elementTypes.js';
import type { KernelName } from '../kernels.js';
import { countDisposed } from '../ownership.js';
import type { Recorder } from '../recorder.js';
import type { WasmCommand } from './commands.js';
import type { WasmBuild } from './kernels.js';
import { END_OF_MEMORY, open, type WasmBlock, type WasmMemory } from './memory.js';
import type { WasmRunner } from './runner.js';

const FEATURES: Record<WasmBuild, readonly string[]> = {
  debug: ['simd', 'debug'],
  simd: ['simd'],
  relaxed: ['simd', 'relaxed-simd'],
};

export class WasmBackend implements Backend {
  readonly name = 'wasm';
  readonly stepsPerRead = 1;
  /** Never resolves. */
  readonly lost = new Promise<DeviceError>(() => {});
  readonly features: readonly string[];
  readonly recorder: Recorder<WasmCommand, WasmBlock>;
  readonly #memory: WasmMemory;
  readonly #runner: WasmRunner;
  #isDisposed = false;

  /**
   * Use createWasmBackend instead.
   * @param obstacle  the reason why there is only one thread
   */
  constructor(
    build: WasmBuild,
    memory: WasmMemory,
    runner: WasmRunner,
    readonly obstacle?: string,
  ) {
    const { threads } = runner;
    this.features = threads > 1 ? [...FEATURES[build], `${threads} threads`] : FEATURES[build];
    this.#memory = memory;
    this.#runner = runner;
    this.recorder = runner.recorder;
  }

  /** Number of threads that compute, the caller's included. */
  get threads(): number {
    return this.#runner.threads;
  }

  alloc(dtype: DType, length: number, rowLength?: number): Storage {
    return this.#memory.alloc(dtype, length, this.recorder, rowLength);
  }

  makeRoom(bytes: number): void {
    this.#memory.makeRoom(bytes);
  }

  slice(storage: Storage, offset: number, length: number): Storage {
    return this.#memory.slice(open(storage), offset, length);
  }

  free(storage: Storage): void {
    this.#memory.free(open(storage));
  }

  write(storage: Storage, data: ArrayLike<number>): void {
    checkWrite(storage, data.length);
    this.recorder.interrupt();
    this.#memory.write(open(storage), data);
  }

  async read(storage: Storage, into?: HostArray): Promise<HostArray> {
    this.recorder.interrupt();
    const values = this.#memory.read(open(storage), into);
    await this.#memory.pressure.relieve();
    return values;
  }

  async sync(): Promise<void> {
    this.recorder.interrupt();
  }

  memory(): MemoryUse {
    const { liveBytes, liveStorages, reservedBytes, peakBytes } = this.#memory;
    return { liveBytes, liveStorages, reservedBytes, peakBytes, limitBytes: END_OF_MEMORY };
  }

  /** Ends the threads. */
  dispose(): void {
    if (!this.#isDisposed) countDisposed(this.#memory.reservedBytes);
    this.#isDisposed = true;
    this.#runner.stop();
  }

  run<Name extends KernelName>(kernel: Name, args: KernelArguments<Name>): void {
    const command = this.#runner.encode(kernel, args);
    if (this.recorder.admit(command)) this.#runner.runOne(command);
  }

  runUnless(isStopped: () => boolean, body: () => void): boolean {
    return this.#runner.runUnless(isStopped, body);
  }
}
