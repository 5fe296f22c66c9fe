/** The flags of WebGPU that are used here, by their values in the standard: Node has no such globals. */

/** @see https://www.w3.org/TR/webgpu/#typedefdef-gpubufferusageflags */
export const BUFFER_USAGE = { MAP_READ: 1, COPY_SRC: 4, COPY_DST: 8, UNIFORM: 64, STORAGE: 128 } as const;

/** @see https://www.w3.org/TR/webgpu/#typedefdef-gpumapmodeflags */
export const MAP_MODE = { READ: 1 } as const;

/** @see https://www.w3.org/TR/webgpu/#typedefdef-gpushaderstageflags */
export const SHADER_STAGE = { COMPUTE: 4 } as const;
