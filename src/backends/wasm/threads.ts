/**
 * Threads over one shared memory: their number, and their start. Their work is in assembly/pool.ts; each platform has its
 * own way to start one.
 */
import { DeviceError } from '../../base/errors.js';
import type { HostWasmMemory, HostWasmModule } from '../../base/hostTypes.js';

/** Arguments of a thread's start: it instantiates `module` over `memory` and calls `work(thread, scratch, control)`. */
export interface ThreadTask {
  readonly module: HostWasmModule;
  readonly memory: HostWasmMemory;
  readonly thread: number;
  readonly scratch: number;
  readonly control: number;
}

/** Thread support of a platform. */
export interface ThreadPlatform {
  /** Number of threads that can run at once. */
  readonly available: number;
  /** The reason why there is only one; undefined where there may be more. */
  readonly obstacle: string | undefined;
  /** Starts a thread; resolves once it is about to wait for work. The thread must not keep a process alive. */
  readonly start: (task: ThreadTask) => Promise<Thread>;
}

export interface Thread {
  terminate(): void;
}

/** Maximum number with `auto`: a step of small kernels does not keep more busy. */
const MOST_BY_DEFAULT = 8;
/** Maximum number; each requires its own memory for matmul. */
const MOST = 64;

/** Time limit for a start, far above what it takes on a busy machine. */
const START_LIMIT_MS = 10_000;

/**
 * Starts a thread in the platform's way.
 * @param open  begins the start, and later calls `ready` or `fail`
 * @throws DeviceError when the start is refused, fails, or gives no answer within `limitMs`; the thread is ended then
 */
export function startThread(
  open: (ready: () => void, fail: (why: unknown) => void) => Thread,
  limitMs = START_LIMIT_MS,
): Promise<Thread> {
  return new Promise((resolve, reject) => {
    let thread: Thread | undefined;
    let outcome: 'ready' | 'failed' | undefined;
    const fail = (why: unknown) => {
      outcome ??= 'failed';
      clearTimeout(timer);
      thread?.terminate();
      const reason = why instanceof Error ? why.message : String(why);
      reject(new DeviceError(`wasm: a thread did not start: ${reason}`, { cause: why }));
    };
    const timer = setTimeout(() => fail(`there was no answer within ${limitMs / 1000} s`), limitMs);
    const ready = () => {
      outcome ??= 'ready';
      clearTimeout(timer);
      if (thread) resolve(thread);
    };
    try {
      thread = open(ready, fail);
      // Both may be called before the thread exists.
      if (outcome === 'ready') resolve(thread);
      if (outcome === 'failed') thread.terminate();
    } catch (error) {
      fail(error);
    }
  });
}

/** Why threads cannot share memory in this runtime; undefined where they can. */
export function sharingObstacle(): string | undefined {
  return 'SharedArrayBuffer' in globalThis ? undefined : 'this runtime has no SharedArrayBuffer';
}

/** Source of a thread: it loads the kernels over the shared memory, and never returns. */
export const THREAD_SOURCE = `
function work({ module, memory, thread, scratch, control }, ready) {
  const { exports } = new WebAssembly.Instance(module, { env: { memory, abort() {} } });
  ready();
  exports.work(thread, scratch, control);
}`;

/**
 * The number of threads to run on, the caller's included.
 * @throws RangeError unless `requested` is an integer from 1 to 64, DeviceError when there can be only one
 */
export function chooseThreads(requested: number | 'auto', platform: ThreadPlatform | undefined): number {
  const obstacle = platform ? platform.obstacle : 'there are none here, nor for the debug build';
  if (requested === 'auto') return platform && !obstacle ? Math.min(platform.available, MOST_BY_DEFAULT) : 1;
  if (!Number.isInteger(requested) || requested < 1 || requested > MOST) {
    throw new RangeError(`wasm: threads must be an integer from 1 to ${MOST}: ${requested}`);
  }
  if (requested > 1 && obstacle) throw new DeviceError(`wasm: ${requested} threads: ${obstacle}`);
  return requested;
}
