/** Runs commands: one at a reserved address, or a program of many with a single call into WebAssembly. */
import type { HostWasmModule } from '../../base/hostTypes.js';
import type { KernelArguments } from '../backend.js';
import type { KernelName } from '../kernels.js';
import { type RecordedDevice, Recorder } from '../recorder.js';
import { CommandEncoder, type WasmCommand } from './commands.js';
import type { WasmKernels } from './kernels.js';
import type { WasmBlock, WasmMemory } from './memory.js';
import type { Thread, ThreadPlatform } from './threads.js';

/** Milliseconds from one look at whether to stop to the next. */
const LOOK_MS = 20;
/** Commands of a program between two looks. */
const PART = 8;

export class WasmRunner implements RecordedDevice<WasmCommand, WasmBlock> {
  readonly recorder: Recorder<WasmCommand, WasmBlock>;
  readonly #kernels: WasmKernels;
  readonly #encoder: CommandEncoder;
  readonly #memory: WasmMemory;
  /**
   * Address below all storages: the place of a single command, followed by the control block of the threads, and for each of
   * them the memory where matmul packs its operands.
   */
  readonly #single: number;
  readonly #control: number;
  readonly #scratch: number;
  readonly #workers: Thread[] = [];
  /** Says whether commands are to be left out from now on; undefined where they never are. */
  #mayStop: (() => boolean) | undefined;

  /** @param threads  maximum number of threads */
  constructor(kernels: WasmKernels, memory: WasmMemory, threads: number) {
    this.recorder = new Recorder(this);
    this.#kernels = kernels;
    this.#encoder = new CommandEncoder(kernels.ops);
    this.#memory = memory;
    this.#single = Math.ceil(kernels.heapBase / 256) * 256;
    this.#control = this.#single + kernels.commandBytes * 2;
    this.#scratch = this.#control + kernels.controlBytes;
    memory.startAt(this.#scratch + threads * kernels.matmulScratchBytes);
  }

  /** A kernel call as a command. @throws TypeError for a storage that the kernel does not accept */
  encode<Name extends KernelName>(kernel: Name, args: KernelArguments<Name>): WasmCommand {
    return this.#encoder.encode(kernel, args);
  }

  /** Number of threads that run commands, the caller's included. */
  get threads(): number {
    return 1 + this.#workers.length;
  }

  /** Starts threads up to the given number. @throws DeviceError when one does not start; all are ended then */
  async start(threads: number, module: HostWasmModule, platform: ThreadPlatform): Promise<void> {
    const { memory } = this.#memory;
    const place = { module, memory, scratch: this.#scratch, control: this.#control };
    const starts = Array.from({ length: threads - 1 }, (_, i) => platform.start({ ...place, thread: i + 1 }));
    const results = await Promise.allSettled(starts);
    const started = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    const failed = results.find((result) => result.status === 'rejected');
    this.#workers.push(...started);
    if (!failed) return;
    this.stop();
    throw failed.reason;
  }

  /** Ends all threads except the caller's. */
  stop(): void {
    for (const worker of this.#workers.splice(0)) worker.terminate();
  }

  runUnless(isStopped: () => boolean, body: () => void): boolean {
    let [last, isLeft] = [performance.now(), false];
    const outer = this.#mayStop;
    this.#mayStop = () => {
      const now = performance.now();
      if (isLeft || now - last < LOOK_MS) return isLeft;
      last = now;
      isLeft = isStopped();
      return isLeft;
    };
    try {
      body();
      return !isLeft;
    } finally {
      this.#mayStop = outer;
    }
  }

  runOne(command: WasmCommand): void {
    if (this.#mayStop?.()) return;
    this.#store(this.#single, command);
    this.#run(this.#single, 1);
  }

  isSame(recorded: WasmCommand, command: WasmCommand): boolean {
    for (let i = 0; i < recorded.length; i++) if (recorded[i] !== command[i]) return false;
    return recorded.length === command.length;
  }

  make(commands: readonly WasmCommand[]): void {
    for (const command of commands) this.runOne(command);
  }

  compile(commands: readonly WasmCommand[]): { run: () => void; free: () => void } {
    const { commandBytes } = this.#kernels;
    const block = this.#memory.reserve(commands.length * commandBytes);
    for (const [i, command] of commands.entries()) this.#store(block.address + i * commandBytes, command);
    // Where an `append` ends it early, what follows must not run: it stays one call.
    const isWhole = commands.some(([op]) => op === this.#kernels.ops.append);
    return {
      run: () => {
        const part = this.#mayStop && !isWhole ? PART : commands.length;
        for (let i = 0; i < commands.length && !this.#mayStop?.(); i += part)
          this.#run(block.address + i * commandBytes, Math.min(part, commands.length - i));
      },
      free: () => this.#memory.release(block),
    };
  }

  release(block: WasmBlock): void {
    this.#memory.release(block);
  }

  #run(address: number, count: number): void {
    this.#kernels.run(address, count, this.#scratch, this.threads, this.#control);
  }

  #store(address: number, command: WasmCommand): void {
    const { f64 } = this.#memory;
    const start = address >>> 3;
    for (let i = 0; i < command.length; i++) f64[start + i] = command[i];
  }
}
