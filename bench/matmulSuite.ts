import type { Backend, HostArray } from '../src/backends/backend.js';
import { Random } from '../src/base/random.js';
import { gflops, MATMUL_SHAPES, type MatmulShape, TRANSPOSES } from './matmul.js';
import type { Measured } from './result.js';

/** Every shape and transposition; each is compared with float64 sums once before it may be timed. */
export async function matmulSuite(device: Backend): Promise<Measured[]> {
  const suite: Measured[] = [];
  for (const shape of MATMUL_SHAPES) {
    for (const { letters, transA, transB } of TRANSPOSES) {
      const { m, k, n } = shape;
      const name = `${m}×${k}×${n} ${letters}`;
      const [a, b] = [normal(m * k), normal(k * n)];
      const [out, left, right] = [m * n, m * k, k * n].map((length) => device.alloc('f32', length));
      device.write(left, a);
      device.write(right, b);
      const run = () => {
        device.run('matmul', { out, a: left, b: right, m, k, n, transA, transB });
        return device.sync();
      };
      await run();
      checkRow(name, await device.read(out), a, b, shape, transA, transB);
      suite.push({ name, unit: 'GFLOP/s', work: gflops(shape, 1), run });
    }
  }
  return suite;
}

const random = new Random(1);

function normal(length: number): Float32Array {
  return Float32Array.from({ length }, () => random.normal());
}

/** The last row against sums in float64: every tile path ends there. */
function checkRow(
  name: string,
  out: HostArray,
  a: Float32Array,
  b: Float32Array,
  { m, k, n }: MatmulShape,
  transA: boolean,
  transB: boolean,
): void {
  const row = Float32Array.from({ length: k }, (_, l) => a[transA ? l * m + m - 1 : (m - 1) * k + l]);
  for (let j = 0; j < n; j++) {
    let [sum, magnitude] = [0, 0];
    for (let l = 0; l < k; l++) {
      const product = row[l] * b[transB ? j * k + l : l * n + j];
      sum += product;
      magnitude += Math.abs(product);
    }
    const error = Math.abs(out[(m - 1) * n + j] - sum);
    if (!(error <= 64 * 2 ** -24 * magnitude)) throw new Error(`bench: matmul ${name} is wrong: ${error}`);
  }
}
