/**
 * Kernel calls with their bind groups and parameters, made once and reused. A training step makes the same
 * calls over the same buffers each time (rule 4 of the interface), in the same order: so each call remembers its
 * successor, which is tried first. Otherwise a call is looked up by what it is bound to.
 */
import type { Dispatch, Region } from './commands.js';
import type { Shader } from './kernels.js';
import type { WebGpuBlock } from './memory.js';
import { BUFFER_USAGE } from './usage.js';

/** Number of parameter sets beyond which all are forgotten, as they do not recur. */
const MAX_PARAMS = 4096;
/** Number of recent calls that are kept. A call that is not used while this many others are made is forgotten. */
const MAX_CALLS = 4096;

export interface Call extends Dispatch {
  readonly params: readonly number[];
  /** Number of workgroups, before they are arranged in two dimensions. */
  readonly groups: number;
  /** The call that came after this one the last time. */
  next: Call | undefined;
}

export class CallCache {
  /** Number of times that all calls were forgotten; calls of an earlier generation must not be made any more. */
  generation = 0;
  readonly #device: GPUDevice;
  /** Calls that were used recently, and those of the period before. */
  #calls = new Map<string, Call>();
  #older = new Map<string, Call>();
  readonly #uniforms = new Map<string, GPUBuffer>();
  /** Block to bind where a storage has no elements. */
  readonly #nothing: WebGpuBlock;
  /** Maximum workgroups in one dimension. */
  readonly #maxGroups: number;
  #last: Call | undefined;

  constructor(device: GPUDevice, nothing: WebGpuBlock, maxGroups: number) {
    this.#device = device;
    this.#nothing = nothing;
    this.#maxGroups = maxGroups;
  }

  get isFull(): boolean {
    return this.#uniforms.size >= MAX_PARAMS;
  }

  get size(): number {
    return this.#calls.size + this.#older.size;
  }

  /**
   * The call with these arguments, reused where it was made recently. It keeps both arrays.
   * @param params  parameters as 32-bit words, in the order of the kernel's struct
   */
  find(kernel: Shader, places: readonly Region[], params: readonly number[], groups: number): Call {
    const guess = this.#last?.next;
    if (guess && isCall(guess, kernel, places, params, groups)) {
      this.#last = guess;
      return guess;
    }
    const where = places.map(({ block, offset, wordBytes }) => `${block.id}+${offset}:${wordBytes}`);
    const key = `${kernel.name} ${groups} ${where} ${params}`;
    let call = this.#calls.get(key);
    if (!call) {
      call = this.#older.get(key) ?? this.#make(kernel, places, params, groups);
      this.#older.delete(key);
      if (this.#calls.size === MAX_CALLS) {
        this.#older = this.#calls;
        this.#calls = new Map();
      }
      this.#calls.set(key, call);
    }
    if (this.#last) this.#last.next = call;
    this.#last = call;
    return call;
  }

  /** An earlier call in a form that can be made now. */
  findAgain({ kernel, places, params, groups }: Call): Call {
    return this.find(kernel, places, params, groups);
  }

  /** Forgets all calls. None of them may be waiting to be submitted. */
  clear(): void {
    this.generation++;
    this.#calls.clear();
    this.#older.clear();
    for (const buffer of this.#uniforms.values()) buffer.destroy();
    this.#uniforms.clear();
    this.#last = undefined;
  }

  #make(kernel: Shader, places: readonly Region[], params: readonly number[], groups: number): Call {
    const resources: GPUBufferBinding[] = places.map(({ block, offset, wordBytes }) =>
      wordBytes === 0 ? { buffer: this.#nothing.buffer } : { buffer: block.buffer, offset, size: wordBytes },
    );
    resources.push({ buffer: this.#uniform(params) });
    const x = Math.min(groups, this.#maxGroups);
    return {
      kind: 'dispatch',
      kernel,
      bindGroup: this.#device.createBindGroup({
        layout: kernel.layout,
        entries: resources.map((resource, binding) => ({ binding, resource })),
      }),
      places,
      params,
      groups,
      x,
      y: Math.ceil(groups / x),
      next: undefined,
    };
  }

  #uniform(params: readonly number[]): GPUBuffer {
    const key = params.join();
    const present = this.#uniforms.get(key);
    if (present) return present;
    const buffer = this.#device.createBuffer({
      size: params.length * 4,
      usage: BUFFER_USAGE.UNIFORM,
      mappedAtCreation: true,
    });
    new Uint32Array(buffer.getMappedRange()).set(params);
    buffer.unmap();
    this.#uniforms.set(key, buffer);
    return buffer;
  }
}

/** Whether a call is the one with these arguments. */
export function isCall(
  call: Call,
  kernel: Shader,
  places: readonly Region[],
  params: readonly number[],
  groups: number,
): boolean {
  if (call.kernel !== kernel || call.groups !== groups || !isSamePlaces(call.places, places)) return false;
  for (let i = 0; i < params.length; i++) if (call.params[i] !== params[i]) return false;
  return true;
}

/** Whether two lists of equal length are the same. */
export function isSamePlaces(a: readonly Region[], b: readonly Region[]): boolean {
  for (let i = 0; i < b.length; i++) {
    const { block, offset, wordBytes } = b[i];
    const other = a[i];
    if (other.block !== block || other.offset !== offset || other.wordBytes !== wordBytes) return false;
  }
  return true;
}
