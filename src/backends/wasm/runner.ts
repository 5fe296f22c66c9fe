/** Runs commands: one in a place of its own, or a program of many with a single call into WebAssembly. */
import type { RecordedDevice } from '../recorder.js';
import type { Kernels } from './kernels.js';
import type { Block, WasmMemory } from './memory.js';

/** The number of a kernel, and its arguments. */
export type Command = readonly number[];

export class Runner implements RecordedDevice<Command, Block> {
  readonly #kernels: Kernels;
  readonly #memory: WasmMemory;
  /** Where matmul packs its operands; below all storages, as is the place of a single command before it. */
  readonly #scratch: number;
  readonly #single: number;

  constructor(kernels: Kernels, memory: WasmMemory) {
    this.#kernels = kernels;
    this.#memory = memory;
    this.#single = Math.ceil(kernels.heapBase / 256) * 256;
    this.#scratch = this.#single + 256;
    memory.startAt(this.#scratch + kernels.matmulScratchBytes);
  }

  runOne(command: Command): void {
    this.#store(this.#single, command);
    this.#kernels.run(this.#single, 1, this.#scratch);
  }

  isSame(recorded: Command, command: Command): boolean {
    for (let i = 0; i < recorded.length; i++) if (recorded[i] !== command[i]) return false;
    return recorded.length === command.length;
  }

  make(commands: readonly Command[]): void {
    for (const command of commands) this.runOne(command);
  }

  compile(commands: readonly Command[]): { run: () => void; free: () => void } {
    const { run, commandBytes } = this.#kernels;
    const block = this.#memory.reserve(commands.length * commandBytes);
    for (const [i, command] of commands.entries()) this.#store(block.address + i * commandBytes, command);
    return {
      run: () => run(block.address, commands.length, this.#scratch),
      free: () => this.#memory.release(block),
    };
  }

  release(block: Block): void {
    this.#memory.release(block);
  }

  #store(address: number, command: Command): void {
    const { f64 } = this.#memory;
    const start = address >>> 3;
    for (let i = 0; i < command.length; i++) f64[start + i] = command[i];
  }
}
