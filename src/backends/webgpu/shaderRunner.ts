/** Runs kernels as calls of shaders, whose bindings follow from the tables. */
import type { KernelArguments, Storage } from '../backend.js';
import {
  checkType,
  defaultOf,
  ELEMENT_TYPES,
  type ElementType,
  KERNELS,
  type KernelName,
  layoutOf,
} from '../kernels.js';
import { type Lowered, loweredKernels, type ShaderCalls } from './lowered.js';
import type { MatmulPlanner } from './matmulPlan.js';
import type { WebGpuMemory, WebGpuStorage } from './memory.js';
import type { WebGpuRunner } from './runner.js';
import { sources } from './shaders.gen.js';
import {
  ELEMENT_THREADS,
  type OwnShader,
  type ShaderArguments,
  type ShaderName,
  shaderRow,
} from './shaders.js';
import { floatBits } from './words.js';

/** Arguments by name, as the tables list them. */
type Given = Readonly<Record<string, Storage | number | boolean | undefined>>;

/** The operands of a shader: storages in the order of its bindings, then its parameters after `length`. */
interface Form {
  readonly storages: readonly string[];
  readonly sizes: readonly string[];
  readonly numbers: readonly string[];
}

export class ShaderRunner implements ShaderCalls {
  readonly #runner: WebGpuRunner;
  readonly #memory: WebGpuMemory;
  readonly #lowered: Lowered;
  readonly #forms = new Map<ShaderName, Form>();
  readonly #elements = new Map<KernelName, readonly (readonly [name: string, type: ElementType])[]>();

  constructor(runner: WebGpuRunner, memory: WebGpuMemory, planner: MatmulPlanner) {
    this.#runner = runner;
    this.#memory = memory;
    this.#lowered = loweredKernels(planner);
    for (const name of Object.keys(sources) as ShaderName[]) {
      const { in: inputs, out, sizes, numbers } = shaderRow(name);
      this.#forms.set(name, { storages: [...Object.keys(inputs), ...Object.keys(out)], sizes, numbers });
    }
    for (const [name, row] of Object.entries(KERNELS)) {
      this.#elements.set(
        name as KernelName,
        layoutOf(row).storages.map(({ name: storage, type }) => [storage, type] as const),
      );
    }
  }

  run<Name extends KernelName>(kernel: Name, args: KernelArguments<Name>): void {
    const given = args as Given;
    for (const [name, type] of this.#elements.get(kernel) ?? []) {
      const storage = given[name] as Storage | undefined;
      if (storage && storage.dtype !== type) checkType(kernel, name, type, storage.dtype);
    }
    const lower = this.#lowered[kernel];
    if (lower) {
      lower(this, args);
      return;
    }
    // A kernel that is not lowered has a shader of its name, with one thread per element of its first output.
    const [first] = Object.keys(KERNELS[kernel].out);
    const { length } = given[first] as Storage;
    this.#call(kernel as ShaderName, given, length, length / ELEMENT_THREADS);
  }

  open(storage: Storage): WebGpuStorage {
    return this.#memory.open(storage);
  }

  alloc(length: number): Storage {
    return this.#memory.alloc('f32', length, this.#runner.recorder);
  }

  free(storage: Storage): void {
    this.#memory.free(this.#memory.own(storage));
  }

  elements<Name extends OwnShader>(name: Name, args: ShaderArguments<Name, Storage>, length: number): void {
    this.#call(name, args as Given, length, length / ELEMENT_THREADS);
  }

  groups<Name extends OwnShader>(name: Name, args: ShaderArguments<Name, Storage>, count: number): void {
    this.#call(name, args as Given, count, count);
  }

  #call(name: ShaderName, given: Given, length: number, groups: number): void {
    const form = this.#forms.get(name);
    if (!form) throw new Error(`webgpu: there is no shader ${name}`);
    const storages = form.storages.map((storage) => given[storage] as Storage);
    const params = [length];
    for (const size of form.sizes) params.push(sizeOf(given, size));
    for (const number of form.numbers) params.push(floatBits(Number(given[number] ?? defaultOf(number))));
    this.#runner.call(name, storages, params, groups);
  }
}

/** A whole-number parameter: as it is given, or the number of a storage's element type for one that ends in `Type`. */
function sizeOf(given: Given, name: string): number {
  const value = given[name];
  if (value !== undefined) return Number(value);
  const typed = name.endsWith('Type')
    ? (given[name.slice(0, -'Type'.length)] as Storage | undefined)
    : undefined;
  return typed ? ELEMENT_TYPES.indexOf(typed.dtype) : 0;
}
