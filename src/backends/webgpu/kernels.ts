/** The kernels, compiled: each .wgsl file as a pipeline. */
import { DeviceError } from '../../base/errors.js';
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

export type Shaders = ReadonlyMap<ShaderName, Shader>;

/** Compiles all kernels at once, except unused ones of matmul, so that no kernel call waits for it. */
export async function compileShaders(
  device: GPUDevice,
  matmulKernels: readonly ShaderName[],
): Promise<Shaders> {
  // Object.keys returns strings, though the keys of this object are all known.
  const names = (Object.keys(sources) as ShaderName[]).filter(
    (name) => !name.startsWith('matmul') || matmulKernels.includes(name),
  );
  const compiled = await Promise.all(names.map((name) => compile(device, name)));
  return new Map(compiled.map((kernel) => [kernel.name, kernel]));
}

async function compile(device: GPUDevice, name: ShaderName): Promise<Shader> {
  const module = device.createShaderModule({ label: name, code: shaderCode(name) });
  const { in: inputs, out } = shaderRow(name);
  const inputCount = Object.keys(inputs).length;
  const layout = bindGroupLayout(device, inputCount, Object.keys(out).length);
  try {
    const pipeline = await device.createComputePipelineAsync({
      label: name,
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module },
    });
    return { name, pipeline, layout, inputs: inputCount };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DeviceError(`webgpu: the kernel ${name} does not compile: ${reason}`, { cause: error });
  }
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
