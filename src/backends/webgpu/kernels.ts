/** The kernels, compiled: each .wgsl file as a pipeline. */
import { DeviceError } from '../../errors.js';
import { shaders } from './shaders.gen.js';

export type KernelName = keyof typeof shaders;

export interface Kernel {
  readonly name: KernelName;
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  /** How many of the storages are inputs; the rest, bound after them, are outputs. */
  readonly inputs: number;
}

export type Kernels = ReadonlyMap<KernelName, Kernel>;

/** Inputs are bound to be read only, outputs to be written; the parameters come last. */
function inputCount(code: string): number {
  return code.match(/var<storage, ?read>/g)?.length ?? 0;
}

/** Compiles at once all kernels but those of matmul that are not wanted, so that no kernel call waits for it. */
export async function compileKernels(
  device: GPUDevice,
  matmulKernels: readonly KernelName[],
): Promise<Kernels> {
  // Object.keys says string, though the keys of this object are all known.
  const names = (Object.keys(shaders) as KernelName[]).filter(
    (name) => !name.startsWith('matmul') || matmulKernels.includes(name),
  );
  const compiled = await Promise.all(names.map((name) => compile(device, name)));
  return new Map(compiled.map((kernel) => [kernel.name, kernel]));
}

async function compile(device: GPUDevice, name: KernelName): Promise<Kernel> {
  const code = shaders[name];
  const module = device.createShaderModule({ label: name, code });
  try {
    const pipeline = await device.createComputePipelineAsync({
      label: name,
      layout: 'auto',
      compute: { module },
    });
    return { name, pipeline, layout: pipeline.getBindGroupLayout(0), inputs: inputCount(code) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DeviceError(`webgpu: the kernel ${name} does not compile: ${reason}`, { cause: error });
  }
}
