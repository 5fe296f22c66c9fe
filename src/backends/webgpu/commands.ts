/**
 * Sends commands to the device. All dispatches go into one compute pass of one encoder, which is submitted
 * when something requires its results: a read, a sync, or a write to a buffer that a dispatch in it uses. Any other
 * write goes to the queue at once, before the pending encoder, and changes nothing that it reads; so a
 * training step, which begins by writing the indices of its batch, is one submit.
 *
 * Running submits are not limited: kernel calls cannot wait, only `read` and `sync` can, and they wait for all
 * earlier work.
 */
import type { DeviceHealth } from './health.js';
import type { Shader } from './kernels.js';
import type { WebGpuBlock, WebGpuStorage } from './memory.js';
import { BUFFER_USAGE, MAP_MODE } from './usage.js';

/** Submit at the latest after this many dispatches, so that the device has work and memory stays bounded. */
const MAX_PENDING = 1000;

/** Maximum size of a staging buffer that is kept for the next read. */
const MAX_KEPT_STAGING = 2 ** 20;

/** A place where a command reads or writes, such as a storage. */
export interface Region {
  readonly block: WebGpuBlock;
  /** Offset in bytes from the beginning of the block. */
  readonly offset: number;
  readonly wordBytes: number;
}

/** A kernel with its bindings, in `x · y` workgroups. */
export interface Dispatch {
  readonly kind: 'dispatch';
  readonly kernel: Shader;
  readonly bindGroup: GPUBindGroup;
  readonly places: readonly Region[];
  readonly x: number;
  readonly y: number;
}

/** Copies the words of one place to the beginning of another, which lies in another buffer. */
export interface Copy {
  readonly kind: 'copy';
  readonly places: readonly [from: Region, to: Region];
}

export class CommandQueue {
  dispatches = 0;
  submits = 0;
  /** Bytes of staging buffers that are kept for the next read. */
  stagingBytes = 0;
  readonly #device: GPUDevice;
  readonly #health: DeviceHealth;
  readonly #staging = new Map<number, GPUBuffer[]>();
  #encoder: GPUCommandEncoder | undefined;
  #pass: GPUComputePassEncoder | undefined;
  /** The current pipeline of the pass. */
  #pipeline: GPUComputePipeline | undefined;
  /** Number of the encoder that is being filled; blocks remember it. */
  #serial = 1;
  #pending = 0;

  constructor(device: GPUDevice, health: DeviceHealth) {
    this.#device = device;
    this.#health = health;
  }

  /** Runs a command after all earlier ones. */
  run(command: Dispatch | Copy): void {
    for (const { block } of command.places) block.usedBy = this.#serial;
    this.#encode(command);
    if (this.#pending >= MAX_PENDING) this.flush();
  }

  /** Runs commands after all earlier ones, in one submit. @param blocks  blocks of the commands, each once */
  runAll(commands: readonly (Dispatch | Copy)[], blocks: readonly WebGpuBlock[]): void {
    for (const block of blocks) block.usedBy = this.#serial;
    for (const command of commands) this.#encode(command);
    if (this.#pending >= MAX_PENDING) this.flush();
  }

  /** Writes whole words to the beginning of `storage`. */
  write(storage: WebGpuStorage, words: ArrayBufferView): void {
    if (storage.block.usedBy === this.#serial) this.flush();
    this.#device.queue.writeBuffer(
      storage.block.buffer,
      storage.offset,
      words.buffer,
      words.byteOffset,
      words.byteLength,
    );
  }

  /** The words of `storage`, after all commands so far have run. */
  async read(storage: WebGpuStorage): Promise<ArrayBuffer> {
    const bytes = storage.wordBytes;
    const staging = this.#takeStaging(bytes);
    this.#endPass();
    const encoder = this.#openEncoder();
    encoder.copyBufferToBuffer(storage.block.buffer, storage.offset, staging, 0, bytes);
    this.flush();
    try {
      await this.#health.settle(staging.mapAsync(MAP_MODE.READ, 0, bytes));
    } catch (error) {
      staging.destroy();
      throw error;
    }
    const words = staging.getMappedRange(0, bytes).slice(0);
    staging.unmap();
    this.#putStaging(staging);
    return words;
  }

  /** Resolves when all commands so far have run. */
  async sync(): Promise<void> {
    this.flush();
    await this.#health.settle(this.#device.queue.onSubmittedWorkDone());
  }

  /** Submits pending commands. */
  flush(): void {
    if (!this.#encoder) return;
    this.#endPass();
    this.#device.queue.submit([this.#encoder.finish()]);
    this.#encoder = undefined;
    this.#serial++;
    this.#pending = 0;
    this.submits++;
  }

  #encode(command: Dispatch | Copy): void {
    if (command.kind === 'copy') {
      const [from, to] = command.places;
      this.#endPass();
      const encoder = this.#openEncoder();
      encoder.copyBufferToBuffer(from.block.buffer, from.offset, to.block.buffer, to.offset, from.wordBytes);
      return;
    }
    const { pipeline } = command.kernel;
    this.#pass ??= this.#openEncoder().beginComputePass();
    if (this.#pipeline !== pipeline) {
      this.#pass.setPipeline(pipeline);
      this.#pipeline = pipeline;
    }
    this.#pass.setBindGroup(0, command.bindGroup);
    const { x, y } = command;
    // Each argument is converted on its way into the engine, and most grids are of one dimension.
    if (y === 1) this.#pass.dispatchWorkgroups(x);
    else this.#pass.dispatchWorkgroups(x, y);
    this.dispatches++;
    this.#pending++;
  }

  #openEncoder(): GPUCommandEncoder {
    this.#encoder ??= this.#device.createCommandEncoder();
    return this.#encoder;
  }

  #endPass(): void {
    this.#pass?.end();
    this.#pass = undefined;
    this.#pipeline = undefined;
  }

  #takeStaging(bytes: number): GPUBuffer {
    const size = 2 ** Math.ceil(Math.log2(Math.max(bytes, 256)));
    const kept = this.#staging.get(size)?.pop();
    if (kept) {
      this.stagingBytes -= size;
      return kept;
    }
    // Beyond what is kept, rounding up would only waste memory, and may exceed the largest buffer.
    return this.#device.createBuffer({
      size: size > MAX_KEPT_STAGING ? bytes : size,
      usage: BUFFER_USAGE.MAP_READ | BUFFER_USAGE.COPY_DST,
    });
  }

  #putStaging(staging: GPUBuffer): void {
    const { size } = staging;
    if (size > MAX_KEPT_STAGING) {
      staging.destroy();
      return;
    }
    const kept = this.#staging.get(size);
    if (kept) kept.push(staging);
    else this.#staging.set(size, [staging]);
    this.stagingBytes += size;
  }
}
