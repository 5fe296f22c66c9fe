/** Data derived from the table of kernels: the operands of a call on each device, and that nothing is missing. */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend, Storage } from '../../src/backends/backend.js';
import { KERNELS, type KernelName, type KernelRow, layoutOf } from '../../src/backends/kernels.js';
import { REFERENCE_KERNELS } from '../../src/backends/reference/kernels.js';
import { shaderCode } from '../../src/backends/webgpu/shaders.js';
import { allDevices } from '../support/devices.js';
import { integerCases } from '../support/integerCases.js';
import { kernelCases } from '../support/kernelCases.js';

const root = new URL('../..', import.meta.url).pathname;
const names = Object.keys(KERNELS) as KernelName[];

describe('the table of kernels', () => {
  it('has the reference loops of every row, and no others', () => {
    expect(Object.keys(REFERENCE_KERNELS).sort()).toEqual([...names].sort());
  });

  it('has cases for every row', () => {
    const run = new Set<string>();
    const recorder = { run: (name: string) => void run.add(name) } as unknown as Backend;
    // An optional storage decides between two kernels in some cases: once with it, once without.
    for (const optional of [{ length: 1 }, undefined]) {
      const get = (_: object, name: string) => (name === 'velocity' ? optional : { length: 1 });
      for (const kernel of [...kernelCases, ...integerCases])
        kernel.run(recorder, new Proxy({}, { get }), (value) => value);
    }
    expect(names.filter((name) => !run.has(name))).toEqual([]);
  });

  it('gives every gradient writer a beta', () => {
    const writers = Object.entries<KernelRow>(KERNELS).filter(([name]) => name.endsWith('Backward'));
    expect(writers.filter(([, { numbers = [] }]) => !numbers.includes('beta'))).toEqual([]);
    expect(writers.length).toBeGreaterThan(1);
  });

  it('puts outputs first, and what is derived before what is given', () => {
    expect(layoutOf(KERNELS.matmul)).toMatchObject({
      storages: [{ name: 'out' }, { name: 'a' }, { name: 'b' }, { name: 'bias' }],
      types: ['b'],
      sizes: ['m', 'k', 'n'],
      flags: ['transA', 'transB'],
      numbers: ['alpha', 'beta'],
    });
  });

  it('makes calls that do not compile with an argument missing, unknown or of another kind', () => {
    const calls = (device: Backend, out: Storage) => [
      // @ts-expect-error: x is missing
      () => device.run('relu', { out }),
      // @ts-expect-error: there is no alpha
      () => device.run('relu', { out, x: out, alpha: 1 }),
      // @ts-expect-error: a size is not a storage
      () => device.run('addBias', { out, bias: out, rows: out, cols: 1 }),
    ];
    expect(calls).toBeTypeOf('function');
  });

  it('binds inputs, then outputs, then the parameters', () => {
    const code = shaderCode('reluBackward');
    const bindings = Array.from(code.matchAll(/@binding\((\d)\) var<([^>]*)> (\w+)/g), ([, ...each]) => each);
    expect(bindings).toEqual([
      ['0', 'storage, read', 'x'],
      ['1', 'storage, read', 'dOut'],
      ['2', 'storage, read_write', 'dX'],
      ['3', 'uniform', 'params'],
    ]);
    expect(code).toContain('struct Params { length: u32, beta: f32, }');
  });
});

describe.each(await allDevices())('%s', (_, device) => {
  it('refuses a storage of another element type, by name', () => {
    const [floats, integers] = [device.alloc('f32', 1), device.alloc('i32', 1)];
    expect(() => device.run('relu', { out: floats, x: integers })).toThrow('relu: x must be f32: got i32');
    expect(() => device.run('fill', { out: device.alloc('f16', 1), value: 0 })).toThrow(
      'fill: out must be f32 or i32 or u8: got f16',
    );
    expect(() => device.run('copy', { out: floats, x: integers })).toThrow('copy: out must be i32: got f32');
    device.free(floats);
    device.free(integers);
  });
});

describe('the generator of commands', () => {
  let copy = '';
  beforeAll(async () => {
    copy = await mkdtemp(join(tmpdir(), 'lowrank-table-'));
    for (const folder of ['assembly', 'scripts', 'src', 'package.json', 'tsconfig.json'])
      await cp(join(root, folder), join(copy, folder), { recursive: true });
    await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
  });
  afterAll(() => rm(copy, { recursive: true }));

  it('refuses a kernel whose parameters are not those of its row, in name and order', async () => {
    const file = join(copy, 'assembly/elementwise.ts');
    const text = await readFile(file, 'utf8');
    await writeFile(
      file,
      text.replace('reluBackward(dX: usize, x: usize, dOut', 'reluBackward(dX: usize, dOut: usize, x'),
    );
    const run = promisify(execFile)(process.execPath, ['--import', 'tsx', 'scripts/generateCommands.ts'], {
      cwd: copy,
    });
    await expect(run).rejects.toThrow(
      'assembly/elementwise.ts: reluBackward must take (dX, x, dOut, length, beta): it takes (dX, dOut, x, length, beta)',
    );
  });
});
