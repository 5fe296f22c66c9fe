/** Threads: the bits of one thread, a start that fails as a whole, and a process that ends by itself. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend, HostArray, Storage } from '../../src/backends/backend.js';
import { type PackedType, storageBytes } from '../../src/backends/elementTypes.js';
import { packWeights } from '../../src/backends/packedWeights.js';
import { createWasmBackend, type WasmBackend } from '../../src/backends/wasm/index.js';
import { Random } from '../../src/base/random.js';
import { applyLora } from '../../src/lora/applyLora.js';
import { DigitsNet } from '../../src/mnist/digitsNet.js';
import { readBinary } from '../../src/node/binary.js';
import { threads as threadPlatform } from '../../src/node/threads.js';
import { Adam } from '../../src/optim/adam.js';
import { evaluate } from '../../src/train/evaluate.js';
import { fit } from '../../src/train/fit.js';
import { rangesOf } from '../support/attentionCases.js';
import { wasm, wasmBuilds } from '../support/devices.js';
import { trainImages } from '../support/mnistData.js';
import { PACKED_TYPES, randomPacked } from '../support/packedCases.js';

/** Sizes above the limit for dividing; several shares of odd sizes. */
const LENGTHS = [32_768, 65_537, 100_003];

/** Thin, square and odd, each large enough to be cut. */
const SHAPES: readonly (readonly [m: number, k: number, n: number])[] = [
  [10, 784, 256],
  [256, 10, 784],
  [10, 1024, 1024],
  [1, 700, 401],
  [401, 700, 1],
  [3, 300, 500],
  [500, 300, 3],
  [700, 2, 300],
  [65, 129, 67],
  [127, 255, 33],
  [1000, 784, 256],
  [37, 1100, 41],
];

const random = new Random(5);
const normals = (length: number) => Float32Array.from({ length }, () => random.normal());

interface Work {
  readonly name: string;
  /** Data of storages; the first one is the output. */
  readonly data: readonly (Float32Array | Int32Array | Uint8Array)[];
  /** Row lengths of the packed ones. */
  readonly packed?: Readonly<Record<number, { readonly dtype: PackedType; readonly rowLength: number }>>;
  readonly run: (device: Backend, storages: readonly Storage[]) => void;
}

function matmuls(): Work[] {
  return SHAPES.flatMap(([m, k, n]) =>
    [0, 1, 2, 3].map((transposes) => {
      const [transA, transB] = [(transposes & 1) > 0, (transposes & 2) > 0];
      return {
        name: `matmul ${m}×${k}×${n} ${transA ? 'T' : 'N'}${transB ? 'T' : 'N'}`,
        data: [normals(m * n), normals(m * k), normals(k * n), normals(n)],
        run: (device, [out, a, b, bias]) => {
          device.run('matmul', { out, a, b, m, k, n, transA, transB, alpha: 0.5, beta: 0.25, bias });
        },
      } satisfies Work;
    }),
  );
}

/** x Wᵀ and dY W with shares that begin inside of a group; one row; and a cast of an odd number of groups. */
const packedWorks: Work[] = PACKED_TYPES.flatMap((dtype): Work[] => {
  const bytesOfWeights = (count: number) => packWeights(randomPacked(random, dtype, count)).bytes;
  return [
    ...[
      [40, 576, 1003, true],
      [40, 401, 608, false],
      [1, 1056, 1003, true],
      [1, 401, 608, false],
    ].map(([m, k, n, transB]): Work => {
      const [rows, inner, cols] = [Number(m), Number(k), Number(n)];
      return {
        name: `matmul ${rows}×${inner}×${cols} by ${dtype}`,
        data: [normals(rows * cols), normals(rows * inner), bytesOfWeights(inner * cols), normals(cols)],
        packed: { 2: { dtype, rowLength: transB ? inner : cols } },
        run: (device, [out, a, b, bias]) =>
          device.run('matmul', {
            out,
            a,
            b,
            m: rows,
            k: inner,
            n: cols,
            transB: Boolean(transB),
            bias,
            beta: 0.5,
          }),
      };
    }),
    {
      name: `copy of ${dtype}`,
      data: [normals(3203 * 32), normals(1), bytesOfWeights(3203 * 32)],
      packed: { 2: { dtype, rowLength: 32 } },
      run: (device, [out, , x]) => device.run('copy', { out, x }),
    },
  ];
});

function elementwise(length: number): Work[] {
  const four = () => [normals(length), normals(length), normals(length), normals(length).map(Math.abs)];
  const hyper = Float32Array.of(0.01, 0.5, 0.1, 0.9, 0.1, 1e-8, 0.01, 0.001);
  const works: Omit<Work, 'data'>[] = [
    {
      name: 'adamStep',
      run: (device, [p, g, m, v, h]) => device.run('adamStep', { param: p, grad: g, m, v, hyper: h }),
    },
    {
      name: 'sgdMomentumStep',
      run: (device, [p, g, m, , h]) =>
        device.run('sgdMomentumStep', { param: p, grad: g, velocity: m, hyper: h }),
    },
    { name: 'axpy', run: (device, [out, x]) => device.run('axpby', { out, x, alpha: 0.3, beta: 1 }) },
    { name: 'mul', run: (device, [out, a, b]) => device.run('mul', { out, a, b, beta: 0.5 }) },
    { name: 'relu', run: (device, [out, x]) => device.run('relu', { out, x }) },
    {
      name: 'reluBackward',
      run: (device, [out, x, d]) => device.run('reluBackward', { dX: out, x, dOut: d, beta: 0.5 }),
    },
    {
      name: 'siluMul',
      run: (device, [out, gate, up]) => device.run('siluMul', { out, gate, up, beta: 0.5 }),
    },
    {
      name: 'siluMulBackward',
      run: (device, [dGate, gate, up, dOut]) => device.run('siluMulBackward', { dGate, gate, up, dOut }),
    },
    { name: 'copy', run: (device, [out, x]) => device.run('copy', { out, x }) },
    { name: 'fill', run: (device, [out]) => device.run('fill', { out, value: 1.5 }) },
  ];
  return works.map((work) => ({ ...work, name: `${work.name} ${length}`, data: [...four(), hyper] }));
}

const bytes = Uint8Array.from({ length: 301 * 257 }, () => random.uniform() * 256);
const rows: Work[] = [
  {
    name: 'gatherRows',
    data: [normals(301 * 257), bytes, Int32Array.from({ length: 301 }, (_, i) => (7 * i) % 301)],
    run: (device, [out, x, indices]) =>
      device.run('gatherRows', { out, bytes: x, indices, rows: 301, cols: 257, scale: 0.01, shift: -0.4 }),
  },
  {
    name: 'addBias',
    data: [normals(301 * 257), normals(257)],
    run: (device, [out, bias]) => device.run('addBias', { out, bias, rows: 301, cols: 257 }),
  },
  {
    name: 'rmsNorm',
    data: [normals(301 * 257), normals(301), normals(301 * 257), normals(257)],
    run: (device, [out, scales, x, weight]) =>
      device.run('rmsNorm', { out, scales, x, weight, rows: 301, cols: 257, eps: 1e-5 }),
  },
  {
    name: 'rmsNormBackward',
    data: [normals(301 * 257), normals(301 * 257), normals(257), normals(301), normals(301 * 257)],
    run: (device, [dX, x, weight, scales, dOut]) =>
      device.run('rmsNormBackward', { dX, x, weight, scales, dOut, rows: 301, cols: 257, beta: 0.5 }),
  },
  {
    name: 'rope',
    data: [
      normals(301 * 220),
      normals(301 * 220),
      normals(90 * 11),
      normals(90 * 11),
      Int32Array.from({ length: 301 }, (_, i) => (7 * i) % 91),
    ],
    run: (device, [out, x, cos, sin, positions]) => {
      device.run('rope', { out, x, cos, sin, positions, rows: 301, cols: 220, dim: 22, beta: 0.5 });
    },
  },
  {
    name: 'vocabularyLoss',
    data: [normals(37), normals(37 * 2051), Int32Array.from({ length: 37 }, (_, i) => 7 * i - 9), normals(1)],
    run: (device, [losses, logits, targets, scale]) =>
      device.run('vocabularyLoss', { losses, logits, targets, scale, rows: 37, cols: 2051 }),
  },
  {
    name: 'copy of bytes',
    data: [bytes.map((byte) => byte ^ 1), bytes],
    run: (device, [out, x]) => device.run('copy', { out, x }),
  },
  {
    name: 'mul by a scalar',
    data: [normals(70_001), normals(70_001), normals(1)],
    run: (device, [out, a, b]) => device.run('mulScalar', { out, x: a, factor: b }),
  },
];

/** A prompt, one row over a cache, and a shared prefix. */
const attentions = [
  [101, 101, 'causal'],
  [1, 1500, 'bidirectional'],
  [75, 75, 'with a prefix'],
].flatMap(([rows, keys, pattern]): Work[] => {
  const sizes = { rows: Number(rows), keys: Number(keys), heads: 9, kvHeads: 3, dim: 40, scale: 0.2 };
  const [wide, narrow] = [sizes.rows * 360, sizes.keys * 120];
  const ranges = rangesOf(String(pattern), sizes.rows, sizes.keys);
  const inputs = [normals(wide), normals(narrow), normals(narrow), normals(wide), ranges];
  return [
    {
      name: `attention ${rows}×${keys}`,
      data: [normals(wide), normals(2 * sizes.rows * 9), ...inputs],
      run: (device, [out, stats, q, k, v, , seen]) =>
        device.run('attention', { out, stats, q, k, v, ranges: seen, ...sizes }),
    },
    {
      name: `the gradients of attention ${rows}×${keys}`,
      data: [normals(wide), normals(narrow), normals(narrow), normals(2 * sizes.rows * 9), ...inputs],
      run: (device, [dQ, dK, dV, stats, q, k, v, dOut, seen]) => {
        const args = { q, k, v, dOut, stats, ranges: seen, ...sizes, beta: 0.5 };
        device.run('attention', { out: dQ, stats, q, k, v, ranges: seen, ...sizes });
        device.run('attentionDots', { stats, out: dQ, dOut, ...sizes });
        device.run('attentionQueriesBackward', { dQ, ...args });
        device.run('attentionKeysBackward', { dK, dV, ...args });
      },
    },
  ];
});

const works: Work[] = [...matmuls(), ...packedWorks, ...LENGTHS.flatMap(elementwise), ...rows, ...attentions];

/** The bytes of all storages after the work as one value; comparing them one by one would take long. */
async function results(device: Backend, { data, packed = {}, run }: Work): Promise<Buffer> {
  const dtype = (array: object) =>
    array instanceof Uint8Array ? 'u8' : array instanceof Int32Array ? 'i32' : 'f32';
  const storages = data.map((array, i) => {
    if (!packed[i]) return device.alloc(dtype(array), array.length);
    const { dtype: type, rowLength } = packed[i];
    return device.alloc(type, array.length / storageBytes(type, 1), rowLength);
  });
  for (const [i, storage] of storages.entries()) device.write(storage, data[i]);
  run(device, storages);
  const read = await Promise.all(storages.map((storage) => device.read(storage)));
  for (const storage of storages) device.free(storage);
  return bytesOf(read);
}

const bytesOf = (arrays: readonly HostArray[]) =>
  Buffer.concat(
    arrays.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)),
  );

const builds = wasmBuilds.filter((build) => build !== 'debug');

describe.each(builds)('threads of the %s build', (build) => {
  let devices: WasmBackend[];
  beforeAll(async () => {
    devices = await Promise.all([1, 2, 3, 5].map((threads) => wasm(build, threads)));
  });
  afterAll(() => {
    for (const device of devices) device.dispose();
  });

  it.each(works.map((work) => [work.name, work] as const))('%s: the same bits', async (_, work) => {
    const [expected, ...others] = await Promise.all(devices.map((device) => results(device, work)));
    for (const other of others) expect(other.equals(expected)).toBe(true);
    expect(expected.equals(bytesOf(work.data))).toBe(false);
  });

  it.each([undefined, 'layer', 'parametrization'] as const)('train alike (%s)', async (method) => {
    const trained = devices.map(async (device) => {
      const model = new DigitsNet(device, { seed: 2 });
      if (method) await applyLora(model, { method, rank: 4, alpha: 2, bias: 'lora_only', init: 'normal' });
      const data = trainImages(device, 700);
      const optimizer = new Adam(model.parameters());
      const { meanLoss } = await fit(model, data, { optimizer, batchSize: 100, epochs: 3 });
      const weights = bytesOf(Array.from((await model.stateDict()).values(), ({ data }) => data));
      return { weights, measured: { meanLoss, ...(await evaluate(model, data)) } };
    });
    const [expected, ...others] = await Promise.all(trained);
    for (const { weights, measured } of others) {
      expect(weights.equals(expected.weights)).toBe(true);
      expect(measured).toEqual(expected.measured);
    }
    expect(expected.measured.accuracy).toBeGreaterThan(0.2);
  });
});

describe('a pool of threads', () => {
  it('continues with one thread when it is disposed', async () => {
    const device = await wasm('simd', 3);
    expect(device.threads).toBe(3);
    expect(device.features).toEqual(['simd', '3 threads']);
    device.dispose();
    expect(device.threads).toBe(1);
    const [work] = works;
    expect((await results(device, work)).equals(await results(await wasm('simd'), work))).toBe(true);
  });

  it('that cannot start as a whole does not start, and leaves no thread', async () => {
    let running = 0;
    const start: typeof threadPlatform.start = async (task) => {
      if (task.thread === 2) throw new Error('too many');
      const thread = await threadPlatform.start(task);
      running++;
      return {
        terminate: () => {
          running--;
          thread.terminate();
        },
      };
    };
    const options = { readBinary, threads: 4, threadPlatform: { ...threadPlatform, start } };
    await expect(createWasmBackend(options)).rejects.toThrow('too many');
    expect(running).toBe(0);
  });

  it('does not keep a process alive, at work or at rest', async () => {
    const script = `
      import { selectDevice } from './src/index.ts';
      const { device } = await selectDevice({ prefer: 'wasm', threads: 3 });
      const [out, a, b] = [0, 0, 0].map(() => device.alloc('f32', 512 * 512));
      for (const x of [a, b]) device.run('fill', { out: x, value: 1 });
      device.run('matmul', { out, a, b, m: 512, k: 512, n: 512 });
      console.log((await device.read(out))[0]);`;
    const run = promisify(execFile);
    const cwd = new URL('../..', import.meta.url).pathname;
    const { stdout, stderr } = await run(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '--eval', script],
      { cwd, timeout: 20_000 },
    );
    expect(stderr).toBe('');
    expect(stdout).toBe('512\n');
  });
});
