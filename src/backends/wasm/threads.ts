/**
 * Threads over one shared memory: how many, and their start. What they do is in assembly/pool.ts; how a platform starts
 * one is its own.
 */
import { DeviceError } from '../../base/errors.js';
import type { HostWasmMemory, HostWasmModule } from '../../base/hostTypes.js';

/** What a thread is started with: it instantiates `module` over `memory` and calls `work(thread, scratch, control)`. */
export interface ThreadTask {
  readonly module: HostWasmModule;
  readonly memory: HostWasmMemory;
  readonly thread: number;
  readonly scratch: number;
  readonly control: number;
}

/** What a platform can do with threads. */
export interface ThreadPlatform {
  /** How many can run at once. */
  readonly available: number;
  /** Why there is only one; undefined where there may be more. */
  readonly obstacle: string | undefined;
  /** Starts one; settles once it is about to wait for work. It must not keep a process alive. */
  readonly start: (task: ThreadTask) => Promise<Thread>;
}

export interface Thread {
  terminate(): void;
}

/** More are taken only when asked for: a step of small kernels does not keep them busy. */
const MOST_BY_DEFAULT = 8;
/** Each wants memory of its own for matmul. */
const MOST = 64;

/** Far above what a start takes on a busy machine. */
const START_LIMIT_MS = 10_000;

/**
 * Starts a thread by whatever means the platform has.
 * @param open  begins it, and calls `ready` or `fail` later on
 * @throws DeviceError when that is refused, fails, or brings no answer within `limitMs`; nothing of it runs on then
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
      // Both may be called before there is a thread.
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

/** What a thread runs: loads the kernels over the shared memory, and never comes back. */
export const THREAD_SOURCE = `
function work({ module, memory, thread, scratch, control }, ready) {
  const { exports } = new WebAssembly.Instance(module, { env: { memory, abort() {} } });
  ready();
  exports.work(thread, scratch, control);
}`;

/**
 * How many threads to run on, the caller's included.
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
