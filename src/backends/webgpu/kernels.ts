/** The kernels, compiled: each .wgsl file as a pipeline, when the device is opened or when it is first called. */
import { DeviceError } from '../../base/errors.js';
import type { DeviceHealth } from './health.js';
import { sources } from './shaders.gen.js';
import { type ShaderName, shaderCode, shaderRow } from './shaders.js';
import { SHADER_STAGE } from './usage.js';

export interface Shader {
  readonly name: ShaderName;
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  /** Number of storages that are inputs; the rest, bound after them, are outputs. */
  readonly inputs: number;
}

/** The compiled shaders of a device. */
export interface Shaders {
  get(name: ShaderName): Shader;
}

/**
 * Compiles all kernels at once, except unused ones of matmul, so that no kernel call waits for it.
 * @throws DeviceError when one of them does not compile
 */
export async function compileShaders(
  device: GPUDevice,
  matmulKernels: readonly ShaderName[],
): Promise<Shaders> {
  // Object.keys returns strings, though the keys of this object are all known.
  const names = (Object.keys(sources) as ShaderName[]).filter(
    (name) => !name.startsWith('matmul') || matmulKernels.includes(name),
  );
  const compiled = new Map(
    await Promise.all(names.map(async (name) => [name, await compile(device, name)] as const)),
  );
  return {
    get(name) {
      const shader = compiled.get(name);
      if (!shader) throw new Error(`webgpu: the kernel ${name} was not compiled`);
      return shader;
    },
  };
}

/** Compiles each kernel at its first call. One that does not compile is an error of the next request, as those of kernel calls are. */
export function shadersAtFirstUse(device: GPUDevice, health: DeviceHealth): Shaders {
  const compiled = new Map<ShaderName, Shader>();
  return {
    get(name) {
      const present = compiled.get(name);
      if (present) return present;
      for (const filter of ['internal', 'validation'] as const) device.pushErrorScope(filter);
      const { descriptor, ...shader } = describeShader(device, name);
      const made = { ...shader, pipeline: device.createComputePipeline(descriptor) };
      for (let i = 0; i < 2; i++) {
        health.watch(device.popErrorScope(), ({ message }) => doesNotCompile(name, message));
      }
      compiled.set(name, made);
      return made;
    },
  };
}

async function compile(device: GPUDevice, name: ShaderName): Promise<Shader> {
  const { descriptor, ...shader } = describeShader(device, name);
  try {
    return { ...shader, pipeline: await device.createComputePipelineAsync(descriptor) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DeviceError(`webgpu: ${doesNotCompile(name, reason)}`, { cause: error });
  }
}

const doesNotCompile = (name: ShaderName, reason: string) => `the kernel ${name} does not compile: ${reason}`;

/** A shader before it is compiled, and what to compile. */
function describeShader(device: GPUDevice, name: ShaderName) {
  const { in: inputs, out } = shaderRow(name);
  const inputCount = Object.keys(inputs).length;
  const layout = bindGroupLayout(device, inputCount, Object.keys(out).length);
  const descriptor: GPUComputePipelineDescriptor = {
    label: name,
    layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module: device.createShaderModule({ label: name, code: shaderCode(name) }) },
  };
  return { name, layout, inputs: inputCount, descriptor };
}

/** Layout of a shader's inputs, outputs and parameters, including those that its code does not use, which an automatic layout omits. */
function bindGroupLayout(device: GPUDevice, inputs: number, outputs: number): GPUBindGroupLayout {
  const types: GPUBufferBindingType[] = [
    ...new Array<GPUBufferBindingType>(inputs).fill('read-only-storage'),
    ...new Array<GPUBufferBindingType>(outputs).fill('storage'),
    'uniform',
  ];
  return device.createBindGroupLayout({
    entries: types.map((type, binding) => ({ binding, visibility: SHADER_STAGE.COMPUTE, buffer: { type } })),
  });
}
