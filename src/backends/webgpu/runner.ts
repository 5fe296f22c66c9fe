/**
 * Makes kernel calls: one by one, or as a program of many. On WebGPU a program is the list of its commands, with
 * pipelines, bind groups and workgroups prepared; to run it is to encode them. Its bind groups may be forgotten
 * in between (see calls.ts), and are then prepared again.
 */
import type { Storage } from '../backend.js';
import { type RecordedDevice, Recorder } from '../recorder.js';
import { type Call, type CallCache, isCall, isSamePlaces } from './calls.js';
import type { CommandQueue, Copy } from './commands.js';
import type { DeviceHealth } from './health.js';
import type { Shaders } from './kernels.js';
import type { WebGpuBlock, WebGpuMemory, WebGpuStorage } from './memory.js';
import type { ShaderName } from './shaders.js';

/** A command of a program. */
export type WebGpuCommand = Call | Copy;

export interface WebGpuRunnerParts {
  readonly health: DeviceHealth;
  readonly memory: WebGpuMemory;
  readonly commands: CommandQueue;
  readonly calls: CallCache;
  readonly kernels: Shaders;
}

export class WebGpuRunner implements RecordedDevice<WebGpuCommand, WebGpuBlock> {
  readonly recorder: Recorder<WebGpuCommand, WebGpuBlock>;
  /** Milliseconds of host time in kernel calls, including programs. */
  encodeMs = 0;
  readonly #health: DeviceHealth;
  readonly #memory: WebGpuMemory;
  readonly #commands: CommandQueue;
  readonly #calls: CallCache;
  readonly #kernels: Shaders;

  constructor({ health, memory, commands, calls, kernels }: WebGpuRunnerParts) {
    this.#health = health;
    this.#memory = memory;
    this.#commands = commands;
    this.#calls = calls;
    this.#kernels = kernels;
    this.recorder = new Recorder(this);
    memory.onTrim = () => this.#forgetCalls();
  }

  /**
   * Calls a kernel over `storages`, in the order of its bindings: inputs, then outputs. `groups` is rounded up;
   * with none there is nothing to do. `params` may be kept.
   */
  call(name: ShaderName, storages: readonly Storage[], params: readonly number[], groups: number): void {
    const { encodeMs } = this;
    const begun = performance.now();
    this.#health.check();
    const opened = storages.map((storage) => this.#memory.open(storage));
    if (groups > 0) {
      if (this.#calls.isFull) this.#forgetCalls();
      const kernel = this.#kernels.get(name);
      const apart = this.#apart(opened, kernel.inputs);
      const call = this.#calls.find(kernel, apart ?? opened, params, Math.ceil(groups));
      if (this.recorder.admit(call)) this.#commands.run(call);
      if (apart)
        for (const [i, storage] of apart.entries()) if (storage !== opened[i]) this.#memory.free(storage);
    }
    // Not +=: postponed calls that are made here have already added their own time.
    this.encodeMs = encodeMs + performance.now() - begun;
  }

  isSame(recorded: WebGpuCommand, command: WebGpuCommand): boolean {
    if (recorded === command) return true;
    if (command.kind === 'copy')
      return recorded.kind === 'copy' && isSamePlaces(recorded.places, command.places);
    if (recorded.kind === 'copy') return false;
    // The call may be a second object for the same arguments, if calls were forgotten since it was recorded.
    return isCall(recorded, command.kernel, command.places, command.params, command.groups);
  }

  make(commands: readonly WebGpuCommand[]): void {
    const begun = performance.now();
    for (const command of commands) this.#commands.run(this.#prepare(command));
    this.encodeMs += performance.now() - begun;
  }

  compile(commands: readonly WebGpuCommand[]): { run: () => void; free: () => void } {
    const blocks = [...new Set(commands.flatMap(({ places }) => places.map(({ block }) => block)))];
    let prepared = commands;
    let generation: number | undefined;
    const run = () => {
      const begun = performance.now();
      this.#health.check();
      if (generation !== this.#calls.generation) {
        prepared = commands.map((command) => this.#prepare(command));
        generation = this.#calls.generation;
      }
      this.#commands.runAll(prepared, blocks);
      this.encodeMs += performance.now() - begun;
    };
    return { run, free: () => {} };
  }

  release(block: WebGpuBlock): void {
    this.#memory.release(block);
  }

  /** The command in a form that can be made now. */
  #prepare(command: WebGpuCommand): WebGpuCommand {
    return command.kind === 'copy' ? command : this.#calls.findAgain(command);
  }

  /**
   * Copies of inputs that lie in the same buffer as an output, even in different places, which WebGPU refuses in a dispatch.
   * Undefined where there are none.
   */
  #apart(storages: readonly WebGpuStorage[], inputs: number): readonly WebGpuStorage[] | undefined {
    let apart: WebGpuStorage[] | undefined;
    for (let i = 0; i < inputs; i++) {
      for (let o = inputs; o < storages.length; o++) {
        if (storages[i].block !== storages[o].block || storages[i].length === 0) continue;
        apart ??= [...storages];
        apart[i] = this.#memory.alloc(storages[i].dtype, storages[i].length, this.recorder);
        const copy: Copy = { kind: 'copy', places: [storages[i], apart[i]] };
        if (this.recorder.admit(copy)) this.#commands.run(copy);
        break;
      }
    }
    return apart;
  }

  #forgetCalls(): void {
    this.#commands.flush();
    this.#calls.clear();
  }
}
