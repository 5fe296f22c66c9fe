/** The compiled kernels: which binary suits the runtime, and the exports with their types. */
import { relaxedSimd, simd } from 'wasm-feature-detect';
import { DeviceError } from '../../base/errors.js';
import type { HostWasmMemory, HostWasmModule } from '../../base/hostTypes.js';
import { KERNELS, type KernelName } from '../kernels.js';

/**
 * `simd` gives the same bits everywhere; `relaxed` fuses multiply and add where the machine can and is
 * faster; `debug` is `simd` unoptimised, with assertions and a source map.
 */
export type WasmBuild = 'debug' | 'simd' | 'relaxed';

/** A file of the build: the shared versions run over memory that threads share. */
export type WasmBinary = WasmBuild | 'simd-shared' | 'relaxed-shared';

/** A compiled binary over a memory. Addresses and sizes are in bytes. */
export interface WasmKernels {
  /** The number of each kernel in a command. */
  readonly ops: Readonly<Record<KernelName, number>>;
  /** Number of bytes of one command in a program. */
  readonly commandBytes: number;
  /** Beginning of the memory that the binary does not use itself. */
  readonly heapBase: number;
  readonly matmulScratchBytes: number;
  /** Number of bytes of the control block that synchronises threads. */
  readonly controlBytes: number;
  /** Runs `count` commands at the address `program`, see assembly/program.ts. */
  readonly run: Exports['run'];
}

/** Exports of the binaries besides the numbers of the kernels. */
interface Exports {
  heapBase(): number;
  matmulScratchBytes(): number;
  controlBytes(): number;
  commandBytes(): number;
  run(program: number, count: number, scratch: number, threads: number, control: number): void;
}

/**
 * The binary to use: `requested` if given, otherwise `relaxed` where the runtime has relaxed SIMD and the results
 * need not be `deterministic`, otherwise `simd`.
 * @throws DeviceError when the runtime lacks a feature that the binary requires
 */
export async function chooseBuild(
  requested: WasmBuild | undefined,
  deterministic: boolean,
): Promise<WasmBuild> {
  if (!('WebAssembly' in globalThis)) {
    throw new DeviceError(
      'wasm: this runtime has no WebAssembly: it is switched off, as by --jitless in Node',
    );
  }
  if (!(await simd())) {
    throw new DeviceError(
      'wasm: this runtime has no WebAssembly SIMD, which Node 20 and all current browsers have',
    );
  }
  const hasRelaxed = await relaxedSimd();
  if (requested === 'relaxed' && !hasRelaxed) {
    throw new DeviceError('wasm: this runtime has no WebAssembly relaxed SIMD, which Node 22 and later have');
  }
  return requested ?? (hasRelaxed && !deterministic ? 'relaxed' : 'simd');
}

/** @throws DeviceError when the runtime refuses, as a page's Content-Security-Policy may make it */
export async function compileModule(binary: Uint8Array): Promise<HostWasmModule> {
  try {
    return await WebAssembly.compile(binary as BufferSource);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DeviceError(`wasm: the kernels cannot be compiled: ${reason}`, { cause: error });
  }
}

/** Instantiates a binary over `memory`. @throws DeviceError when the runtime refuses, for example when it is out of memory */
export async function loadKernels(module: HostWasmModule, memory: HostWasmMemory): Promise<WasmKernels> {
  const abort = (message: number, file: number, line: number, column: number) => {
    const where = `${textAt(memory, file)}:${line}:${column}`;
    throw new Error(`wasm: ${textAt(memory, message) || 'an assertion failed'} at ${where}`);
  };
  const instance = await WebAssembly.instantiate(module, { env: { memory, abort } }).catch(
    (error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      throw new DeviceError(`wasm: the kernels cannot be loaded: ${reason}`, { cause: error });
    },
  );
  const exports = instance.exports as unknown as Exports & Record<string, WebAssembly.Global>;
  const numbers = Object.keys(KERNELS).map((name) => [name, exports[`Op.${name}`].value]);
  return {
    ops: Object.fromEntries(numbers),
    commandBytes: exports.commandBytes(),
    heapBase: exports.heapBase(),
    matmulScratchBytes: exports.matmulScratchBytes(),
    controlBytes: exports.controlBytes(),
    run: exports.run,
  };
}

/** A string of AssemblyScript: UTF-16, with its length in bytes in the four bytes before it. */
function textAt({ buffer }: WebAssembly.Memory, address: number): string {
  if (address === 0) return '';
  const length = new DataView(buffer).getUint32(address - 4, true) / 2;
  return String.fromCharCode(...new Uint16Array(buffer, address, length));
}
