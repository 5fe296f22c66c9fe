/** Opens the backend on WebAssembly SIMD, in Node, a page or a worker: whoever calls brings the binaries and the threads. */
import { DeviceError } from '../../base/errors.js';
import { giveBackDisposed } from '../ownership.js';
import { WasmBackend } from './backend.js';
import { chooseBuild, compileModule, loadKernels, type WasmBinary, type WasmBuild } from './kernels.js';
import { WasmMemory } from './memory.js';
import { WasmRunner } from './runner.js';
import { chooseThreads, type ThreadPlatform } from './threads.js';

export { WasmBackend } from './backend.js';
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
  const runner = new WasmRunner(await loadKernels(module, memory.memory), memory, 1);
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
  const runner = new WasmRunner(await loadKernels(module, memory.memory), memory, threads);
  await runner.start(threads, module, platform);
  return new WasmBackend(build, memory, runner);
}
