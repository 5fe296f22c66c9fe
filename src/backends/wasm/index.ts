/** The backend on WebAssembly SIMD: storages in one linear memory, kernels compiled from assembly/. */
import { DeviceError } from '../../errors.js';
import type { Backend, DType, HostArray, KernelArguments, MemoryUse, Storage } from '../backend.js';
import type { KernelName } from '../kernels.js';
import { countDisposed, giveBackDisposed } from '../ownership.js';
import { Recorder } from '../recorder.js';
import type { Command } from './commands.js';
import { chooseBuild, compileModule, loadKernels, type WasmBinary, type WasmBuild } from './kernels.js';
import { type Block, open, WasmMemory } from './memory.js';
import { Runner } from './runner.js';
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
  /**
   * Threads, the caller's included, which change no result; `auto` is one for each core, up to 8, or one where they do
   * not start. Default 1.
   */
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
  if (threads === 1 || !threadPlatform) return openSingle(build, readBinary, threadPlatform?.obstacle);
  try {
    return await openShared(build, readBinary, threads, threadPlatform);
  } catch (error) {
    // Those that were asked for by number are not left out silently.
    if (requested !== 'auto' || !(error instanceof DeviceError)) throw error;
    return openSingle(build, readBinary, error.message.replace(/^wasm: /, ''));
  }
}

type ReadBinary = WasmBackendOptions['readBinary'];

async function openSingle(build: WasmBuild, readBinary: ReadBinary, obstacle: string | undefined) {
  const memory = new WasmMemory();
  const module = await compileModule(await readBinary(build));
  const runner = new Runner(await loadKernels(module, memory.memory), memory, 1);
  return new WasmBackend(build, memory, runner, obstacle);
}

async function openShared(
  build: WasmBuild,
  readBinary: ReadBinary,
  threads: number,
  platform: ThreadPlatform,
) {
  const memory = new WasmMemory(true);
  // The debug build has no twin, and chooseThreads gives it one thread.
  const module = await compileModule(await readBinary(`${build}-shared` as WasmBinary));
  const runner = new Runner(await loadKernels(module, memory.memory), memory, threads);
  await runner.start(threads, module, platform);
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

  /**
   * Use {@link createWasmBackend}.
   * @param obstacle  why there is only one thread
   */
  constructor(
    build: WasmBuild,
    memory: WasmMemory,
    runner: Runner,
    readonly obstacle?: string,
  ) {
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

  run<Name extends KernelName>(kernel: Name, args: KernelArguments<Name>): void {
    const command = this.#runner.encode(kernel, args);
    if (this.recorder.admit(command)) this.#runner.runOne(command);
  }
}
