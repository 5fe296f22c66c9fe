/** Opens the backend on WebAssembly SIMD, in Node, a page or a worker: the caller provides the binaries and the threads. */
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
  /** Reads the bytes of `build/<name>.wasm`: from a file, a fetch, or embedded. */
  readonly readBinary: (name: WasmBinary) => Promise<Uint8Array>;
  /** Build to use. Default: the fastest that the runtime supports. */
  readonly build?: WasmBuild | undefined;
  /** Whether to use the `simd` build, whose results have the same bits on every machine. Default false. */
  readonly deterministic?: boolean | undefined;
  /**
   * Number of threads, the caller's included; results do not depend on it. `auto` is one for each core, up to 8, or one
   * where threads do not start. Default 1.
   */
  readonly threads?: number | 'auto' | undefined;
  /** Starts threads; required for more than one. */
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
    // A requested number of threads is not reduced silently.
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
  // The debug build has no shared version, and chooseThreads gives it one thread.
  const module = await compileModule(await readBinary(`${build}-shared` as WasmBinary));
  const runner = new WasmRunner(await loadKernels(module, memory.memory), memory, threads);
  await runner.start(threads, module, platform);
  return new WasmBackend(build, memory, runner);
}
