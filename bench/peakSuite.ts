/** Compares matmul with the peak of the core on registers only, in the same build. */
import type { WasmBackend } from '../src/backends/wasm/index.js';
import { readBinary } from '../src/node.js';
import { gflops, TRANSPOSES } from './matmul.js';
import type { Pair } from './ratio.js';

const SIZES = [512, 1024];
/** Address of the peak loop's numbers, and the number of vectors. */
const AT = 1024;
const VECTORS = 15;

interface PeakExports {
  peak(at: number, rounds: number): void;
  peakFlops(): number;
}

/** Pairs of the peak loop and a product with the same number of operations. */
export async function peakSuite(device: WasmBackend): Promise<Pair[]> {
  const peak = await peakLoop(device.features.includes('relaxed-simd') ? 'relaxed' : 'simd');
  return SIZES.flatMap((size) => {
    const shape = { m: size, k: size, n: size };
    const [out, a, b] = [0, 1, 2].map(() => device.alloc('f32', size * size));
    device.run('fill', { out: a, value: 0.5 });
    device.run('fill', { out: b, value: 0.25 });
    const flops = gflops(shape, 1) * 1e9;
    return TRANSPOSES.map(({ letters, transA, transB }) => ({
      name: `${size}³ ${letters}`,
      unit: '% of peak',
      base: () => peak(flops),
      work: () => device.run('matmul', { out, a, b, ...shape, transA, transB }),
      value: (ratio: number) => 100 / ratio,
      lowerIsBetter: false,
    }));
  });
}

/** A function that does a number of operations on registers; its result is checked. */
async function peakLoop(build: 'simd' | 'relaxed'): Promise<(flops: number) => void> {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536 });
  const module = await WebAssembly.compile((await readBinary(build)) as BufferSource);
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  const exports = instance.exports as unknown as PeakExports;
  const numbers = new Float32Array(memory.buffer, AT, 4 * VECTORS);
  // c = c / 2 + 1 comes to 2 from anywhere.
  numbers.fill(0.5, 0, 4).fill(1, 4);
  const run = (flops: number) => exports.peak(AT, Math.round(flops / exports.peakFlops()));
  run(1e6);
  if (!numbers.subarray(8).every((value) => value === 2)) throw new Error('bench: the peak loop is wrong');
  return run;
}
