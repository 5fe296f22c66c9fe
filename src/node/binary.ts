/** Finds the compiled kernels on disk. */
import { readFile } from 'node:fs/promises';
import type { WasmBinary } from '../backends/wasm/index.js';
import { DeviceError } from '../base/errors.js';
import { reasonOf } from './files.js';

/** Two levels up from here is the package's root, from `src/node` as from `dist/node`. */
const BUILD = new URL('../../build/', import.meta.url);

/**
 * Reads a WebAssembly binary of the build.
 *
 * @param name name of a file in `build/`, without `.wasm`
 * @throws DeviceError when it was not built or cannot be read
 */
export async function readBinary(name: WasmBinary): Promise<Uint8Array> {
  try {
    const { buffer, byteOffset, byteLength } = await readFile(new URL(`${name}.wasm`, BUILD));
    return new Uint8Array(buffer, byteOffset, byteLength);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new DeviceError(`wasm: build/${name}.wasm is missing: run npm run build:wasm`);
    }
    throw new DeviceError(`wasm: build/${name}.wasm cannot be read: ${reasonOf(error)}`);
  }
}
