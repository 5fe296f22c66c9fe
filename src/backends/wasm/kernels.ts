/** The compiled kernels: which binary suits the runtime, and the exports with their types. */
import { instantiate } from '@assemblyscript/loader';
import { relaxedSimd, simd } from 'wasm-feature-detect';
import { DeviceError } from '../../errors.js';

/**
 * `simd` gives the same bits everywhere; `relaxed` fuses multiply and add where the machine can and is
 * faster; `debug` is `simd` unoptimised, with assertions and a source map.
 */
export type WasmBuild = 'debug' | 'simd' | 'relaxed';

/** Addresses and sizes are in bytes and elements; an address of 0 stands for "none". */
export interface Kernels {
  heapBase(): number;
  matmulScratchBytes(): number;
  fill(out: number, length: number, value: number): void;
  fillI32(out: number, length: number, value: number): void;
  fillU8(out: number, length: number, value: number): void;
  copy(out: number, x: number, byteLength: number): void;
  matmul(
    out: number,
    a: number,
    b: number,
    bias: number,
    m: number,
    k: number,
    n: number,
    transA: number,
    transB: number,
    alpha: number,
    beta: number,
    scratch: number,
  ): void;
  addBias(out: number, bias: number, rows: number, cols: number): void;
  sumRows(out: number, x: number, rows: number, cols: number, beta: number): void;
  axpy(out: number, x: number, length: number, alpha: number): void;
  append(list: number, length: number, x: number): void;
  mul(out: number, a: number, b: number, length: number, beta: number): void;
  mulScalar(out: number, a: number, b: number, length: number, beta: number): void;
  relu(out: number, x: number, length: number): void;
  reluBackward(dX: number, x: number, dOut: number, length: number, beta: number): void;
  softmaxCrossEntropy(
    loss: number,
    dLogits: number,
    logits: number,
    targets: number,
    rows: number,
    cols: number,
  ): void;
  adamStep(param: number, grad: number, m: number, v: number, length: number, hyper: number): void;
  sgdStep(param: number, grad: number, velocity: number, length: number, hyper: number): void;
  gatherRows(
    out: number,
    bytes: number,
    indices: number,
    rows: number,
    cols: number,
    scale: number,
    shift: number,
  ): void;
  gatherLabels(out: number, labels: number, indices: number, rows: number): void;
  countWrong(counts: number, logits: number, targets: number, rows: number, cols: number): void;
}

/**
 * The binary to use: `requested` if given, else `relaxed` where the runtime has relaxed SIMD and the results
 * need not be `deterministic`, else `simd`.
 * @throws DeviceError when the runtime lacks what that binary needs
 */
export async function chooseBuild(
  requested: WasmBuild | undefined,
  deterministic: boolean,
): Promise<WasmBuild> {
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

/** Compiles and instantiates a binary over `memory`. */
export async function loadKernels(binary: Uint8Array, memory: WebAssembly.Memory): Promise<Kernels> {
  // The loader's own exports are wrapped in closures that collect arguments; the instance's are not.
  const { instance } = await instantiate(binary as BufferSource, { env: { memory } });
  return instance.exports as unknown as Kernels;
}
