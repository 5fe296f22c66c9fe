/** Programs on WebGPU, below the training: their contents, when they are not run, and their memory. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Program, Storage } from '../../src/backends/backend.js';
import type { WebGpuBackend } from '../../src/backends/webgpu/index.js';
import { DeviceError } from '../../src/base/errors.js';
import { hasWebGpu, webgpu } from '../support/webgpuDevice.js';

const ROWS = 200;

/** A step of few kernels, with all that is done beside them: copies, memory of their own, a write of some bytes. */
class Work {
  readonly device: WebGpuBackend;
  readonly bytes: Storage;
  readonly indices: Storage;
  readonly x: Storage;
  readonly sum: Storage;
  readonly whole: Storage;
  readonly halves: readonly Storage[];
  readonly targets: Storage;
  readonly list: Storage;

  constructor(device: WebGpuBackend) {
    const of = (values: ArrayLike<number>, dtype: 'f32' | 'i32' | 'u8' = 'f32') => {
      const storage = device.alloc(dtype, values.length);
      device.write(storage, values);
      return storage;
    };
    this.device = device;
    this.bytes = of([9, 9, 9, 9, 9, 9, 9, 9], 'u8');
    this.indices = of(
      Array.from({ length: ROWS }, (_, i) => i % 8),
      'i32',
    );
    this.x = of(new Float32Array(ROWS));
    this.sum = of([0]);
    this.whole = of(Float32Array.from({ length: 128 }, (_, i) => i / 128));
    this.halves = [0, 64].map((offset) => device.slice(this.whole, offset, 64));
    this.targets = of([3, 1], 'i32');
    this.list = of(new Float32Array(101));
  }

  /** Five bytes are not whole words, 200 rows are more than a thread adds up, and the halves lie in one buffer. */
  head(first: number, alpha: number): void {
    const { device, bytes, indices, x, sum, halves } = this;
    device.write(bytes, [first, 1, 2, 3, 4]);
    device.run('gatherRows', { out: x, bytes, indices, rows: ROWS, cols: 1, scale: 0.5, shift: 0 });
    device.run('sumRows', { out: sum, x, rows: ROWS, cols: 1 });
    device.run('axpby', { out: halves[1], x: halves[0], alpha, beta: 1 });
    device.run('mul', { out: halves[0], a: halves[1], b: sum });
  }

  tail(): void {
    const { device, sum, halves, targets, list } = this;
    const [loss, dLogits] = [device.alloc('f32', 1), device.alloc('f32', 64)];
    device.run('append', { list, x: sum });
    device.run('softmaxCrossEntropy', { loss, dLogits, logits: halves[1], targets, rows: 2, cols: 32 });
    device.run('append', { list, x: loss });
    device.run('axpby', { out: halves[0], x: dLogits, alpha: -0.5, beta: 1 });
    for (const each of [loss, dLogits]) device.free(each);
  }

  step(first: number, alpha: number): void {
    this.head(first, alpha);
    this.tail();
  }

  record(first: number, alpha: number): Program {
    const { recorder } = this.device;
    const program = recorder.begin();
    recorder.record(program, 'head', () => this.head(first, alpha));
    recorder.record(program, 'tail', () => this.tail());
    return program;
  }

  /** A step, repeated where it can be. */
  repeat(program: Program, first: number, alpha: number): boolean {
    const { recorder } = this.device;
    const isSame = recorder.follow(program, () => {
      this.head(first, alpha);
      return true;
    });
    if (isSame) recorder.run(program);
    else this.tail();
    return isSame;
  }

  results(): Promise<ArrayLike<number>[]> {
    return Promise.all([this.list, this.whole, this.bytes].map((each) => this.device.read(each)));
  }

  dispose(): void {
    const { bytes, indices, x, sum, whole, halves, targets, list } = this;
    for (const each of [bytes, indices, x, sum, whole, ...halves, targets, list]) this.device.free(each);
  }
}

const ALPHA = 0.001;

/** Results of steps that are made call by call. */
async function eagerResults(device: WebGpuBackend, steps: readonly (readonly [number, number])[]) {
  const work = new Work(device);
  for (const [first, alpha] of steps) work.step(first, alpha);
  const results = await work.results();
  work.dispose();
  return results;
}

describe.runIf(hasWebGpu)('a program on webgpu', () => {
  let device: WebGpuBackend;
  beforeAll(async () => {
    device = await webgpu();
  });
  afterAll(() => device.dispose());

  it('makes the same dispatches, copies and writes in one submit', async () => {
    const work = new Work(device);
    await device.sync();
    const counted = () => [device.counters.dispatches, device.counters.submits];
    const before = counted();
    const program = work.record(10, ALPHA);
    await device.sync();
    const [dispatches] = counted().map((count, i) => count - before[i]);
    expect(dispatches).toBe(1 + 1 + 2 + 1 + 1 + 1 + 2 + 1 + 1);
    for (let i = 0; i < 20; i++) {
      const last = counted();
      expect(work.repeat(program, 20 + i, ALPHA)).toBe(true);
      expect(counted()).toEqual([last[0] + dispatches, last[1] + (i === 0 ? 0 : 1)]);
    }
    const steps = Array.from({ length: 21 }, (_, i) => [i === 0 ? 10 : 19 + i, ALPHA] as const);
    expect(await work.results()).toEqual(await eagerResults(device, steps));
    program.dispose();
    work.dispose();
  });

  it('is not run where a number, a size or a storage differs', async () => {
    const work = new Work(device);
    const program = work.record(1, ALPHA);
    const { recorder } = device;
    expect(work.repeat(program, 2, ALPHA)).toBe(true);
    expect(work.repeat(program, 3, 2 * ALPHA)).toBe(false);
    expect(work.repeat(program, 4, ALPHA)).toBe(true);
    const steps = [1, 2, 3, 4].map((first) => [first, first === 3 ? 2 * ALPHA : ALPHA] as const);
    expect(await work.results()).toEqual(await eagerResults(device, steps));

    const [x, y, whole] = [64, 64, 192].map((length) => device.alloc('f32', length));
    const [first, second, third] = [0, 64, 128].map((offset) => device.slice(whole, offset, 64));
    for (const [i, each] of [x, y, first, second, third].entries())
      device.run('fill', { out: each, value: i });
    const add = recorder.begin();
    recorder.record(add, 'head', () => device.run('axpby', { out: x, x: y, alpha: 2, beta: 1 }));
    const copy = recorder.begin();
    recorder.record(copy, 'head', () => device.run('copy', { out: third, x: first }));
    const follow = (program: Program, body: () => void) =>
      recorder.follow(program, () => {
        body();
        return true;
      });
    expect(follow(add, () => device.run('axpby', { out: x, x: y, alpha: 2, beta: 1 }))).toBe(true);
    expect(follow(add, () => device.run('axpby', { out: x, x: y, beta: 1 }))).toBe(false);
    expect(follow(add, () => device.run('axpby', { out: y, x, alpha: 2, beta: 1 }))).toBe(false);
    expect(follow(add, () => device.run('axpby', { out: x, x: first, alpha: 2, beta: 1 }))).toBe(false);
    expect(follow(add, () => device.run('mul', { out: x, a: y, b: x }))).toBe(false);
    expect(follow(add, () => {})).toBe(false);
    // x = 2; left undone; 2 + 1; y = 1 + 2 · 3; x = 3 + 2 · 2; x = x · y
    expect(await device.read(x)).toEqual(new Float32Array(64).fill(49));
    // All lie in one buffer, and so there are copies that differ in their source.
    expect(follow(copy, () => device.run('copy', { out: third, x: first }))).toBe(true);
    expect(follow(copy, () => device.run('copy', { out: third, x: second }))).toBe(false);
    expect(await device.read(third)).toEqual(new Float32Array(64).fill(3));
    const { encodeMs } = device.counters;
    recorder.run(copy);
    expect(device.counters.encodeMs).toBeGreaterThan(encodeMs);
    expect(await device.read(third)).toEqual(new Float32Array(64).fill(2));
    for (const each of [add, copy, program]) each.dispose();
    for (const each of [x, y, first, second, third, whole]) device.free(each);
    work.dispose();
  });

  it('makes the calls that were left undone before those that differ', async () => {
    const work = new Work(device);
    const program = work.record(5, ALPHA);
    const { recorder } = device;
    const isSame = recorder.follow(program, () => {
      work.head(6, ALPHA);
      device.run('fill', { out: work.sum, value: 7 });
      return true;
    });
    expect(isSame).toBe(false);
    expect(await device.read(work.sum)).toEqual(Float32Array.of(7));
    const eager = new Work(device);
    eager.step(5, ALPHA);
    eager.head(6, ALPHA);
    expect((await work.results())[1]).toEqual((await eager.results())[1]);
    const asked = recorder.follow(program, () => {
      work.head(7, ALPHA);
      void device.sync();
      return true;
    });
    expect(asked).toBe(false);
    eager.head(7, ALPHA);
    expect((await work.results()).slice(1)).toEqual((await eager.results()).slice(1));
    program.dispose();
    for (const each of [work, eager]) each.dispose();
  });

  it('cannot be repeated with a write or a read between the calls of its head', async () => {
    const [x, y] = [device.alloc('f32', 4), device.alloc('f32', 4)];
    const { recorder } = device;
    const between: (() => unknown)[] = [
      () => device.write(x, [1]),
      () => device.read(x),
      () => device.sync(),
    ];
    for (const interrupt of between) {
      const program = recorder.begin();
      recorder.record(program, 'head', () => {
        device.run('copy', { out: x, x: y });
        interrupt();
      });
      expect(program.isRepeatable).toBe(false);
      program.dispose();
    }
    for (const each of [x, y]) device.free(each);
  });

  it('keeps its memory from others, and gives it back', async () => {
    const before = device.memory();
    const work = new Work(device);
    const program = work.record(8, ALPHA);
    const others = Array.from({ length: 12 }, (_, i) => device.alloc('f32', i + 1));
    for (const other of others) device.run('fill', { out: other, value: 7 });
    for (let i = 0; i < 3; i++) expect(work.repeat(program, i, ALPHA)).toBe(true);
    for (const other of others)
      expect(await device.read(other)).toEqual(new Float32Array(other.length).fill(7));
    program.dispose();
    for (const other of others) device.free(other);
    work.dispose();
    expect(device.memory()).toMatchObject({
      liveBytes: before.liveBytes,
      liveStorages: before.liveStorages,
    });
    const { buffers } = device.counters;
    for (let i = 0; i < 10; i++) {
      const again = new Work(device);
      const repeated = again.record(i, ALPHA);
      expect(again.repeat(repeated, i, ALPHA)).toBe(true);
      repeated.dispose();
      again.dispose();
    }
    expect(device.counters.buffers).toBe(buffers);
  });

  it('continues after calls were forgotten and free memory was given back', async () => {
    const work = new Work(device);
    const programs = [work.record(1, ALPHA), work.record(2, ALPHA)];
    const [first, second] = programs;
    expect(work.repeat(first, 3, ALPHA)).toBe(true);
    // More sets of parameters than are kept.
    const other = device.alloc('f32', 1);
    for (let i = 0; i < 4200; i++) device.run('fill', { out: other, value: i });
    expect(device.counters.calls).toBeLessThan(4096);
    expect(work.repeat(first, 4, ALPHA)).toBe(true);
    expect(work.repeat(second, 5, ALPHA)).toBe(true);
    const { buffers } = device.counters;
    for (let i = 0; i < 3; i++) device.free(device.alloc('u8', (100 + i) * 2 ** 20));
    const fresh = device.alloc('f32', 12_345);
    expect(device.counters.buffers).toBeLessThan(buffers);
    for (let i = 6; i < 10; i++) expect(work.repeat(i < 8 ? first : second, i, ALPHA)).toBe(true);
    // A call that differs, after a head that was recorded before all was forgotten.
    expect(work.repeat(first, 10, 0)).toBe(false);
    const steps = Array.from({ length: 10 }, (_, i) => [i + 1, i === 9 ? 0 : ALPHA] as const);
    expect(await work.results()).toEqual(await eagerResults(device, steps));
    for (const program of programs) program.dispose();
    for (const each of [other, fresh]) device.free(each);
    work.dispose();
  });

  it('may have any number of calls, and makes none of them again', async () => {
    const own = await webgpu();
    const { recorder } = own;
    const out = own.alloc('f32', 64 * 5000);
    const parts = Array.from({ length: 5000 }, (_, i) => own.slice(out, 64 * i, 64));
    const head = () => {
      for (const part of parts) own.run('fill', { out: part, value: 3 });
      return true;
    };
    const program = recorder.begin();
    recorder.record(program, 'head', head);
    expect(own.counters.calls).toBe(5000);
    for (let i = 0; i < 3; i++) {
      expect(recorder.follow(program, head)).toBe(true);
      recorder.run(program);
    }
    expect(own.counters.calls).toBe(5000);
    expect(new Set(await own.read(out))).toEqual(new Set([3]));
    own.dispose();
  });

  it('of a lost device is refused', async () => {
    const own = await webgpu();
    const work = new Work(own);
    const program = work.record(1, ALPHA);
    expect(work.repeat(program, 2, ALPHA)).toBe(true);
    const reading = own.read(work.list).catch((error) => error);
    own.dispose();
    expect(await reading).toBeInstanceOf(DeviceError);
    expect(() => work.repeat(program, 3, ALPHA)).toThrow(DeviceError);
    expect(() => own.recorder.run(program)).toThrow(DeviceError);
    program.dispose();
    work.dispose();
    expect(own.memory().liveStorages).toBe(0);
  });
});
