/**
 * Threads over one shared memory: how many, and their start. What they do is in assembly/pool.ts; how a platform starts
 * one is its own.
 */
import { DeviceError } from '../../errors.js';

/** What a thread is started with: it instantiates `module` over `memory` and calls `work(thread, scratch, control)`. */
export interface ThreadTask {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
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
