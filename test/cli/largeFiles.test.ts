/** Files that are large, or claim to be: the work depends on their actual contents. */
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { inspectFile } from '../../src/cli/inspect.js';
import { readDigitsNet } from '../../src/cli/modelFiles.js';
import { DigitsNet, digitsNetShapes } from '../../src/mnist/digitsNet.js';
import { serializeSafetensors } from '../../src/safetensors/safetensors.js';
import { wasm } from '../support/devices.js';

const root = mkdtempSync(join(tmpdir(), 'lowrank-large-'));
afterAll(() => rmSync(root, { recursive: true }));

function file(name: string, shapes: Readonly<Record<string, readonly number[]>>): string {
  const path = join(root, name);
  const tensors = Object.entries(shapes).map(([key, shape]) => {
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.5);
    return [key, { dtype: 'F32', shape, data }] as const;
  });
  writeFileSync(path, serializeSafetensors(tensors));
  return path;
}

describe('inspect', () => {
  it('shows 2,000 tensors in seconds, and their norms', async () => {
    const shapes = Object.fromEntries(
      Array.from({ length: 2000 }, (_, i) => [`model.layers.${i}.self_attn.q_proj.weight`, [64, 64]]),
    );
    const path = file('many.safetensors', shapes);
    const begun = performance.now();
    const { text } = await inspectFile(path);
    // A second on a machine that does nothing else; cell by cell it was more than a minute.
    expect(performance.now() - begun).toBeLessThan(8000);
    expect(text.match(/│ F32 {2}│ 64 × 64 │ 32\.00 │/g)).toHaveLength(2000);
    expect(text).toContain('2000 tensors, 8,192,000 numbers; ');
  });

  it('reads values in parts', async () => {
    const path = file('long.safetensors', { a: [2 ** 22 + 3, 4], b: [1] });
    expect((await inspectFile(path)).text).toMatch(/│ 4194307 × 4 │ +2048 │/);
  });

  it('takes a symbolic link to a file', async () => {
    symlinkSync(file('one.safetensors', { a: [1] }), join(root, 'link.safetensors'));
    expect((await inspectFile(join(root, 'link.safetensors'))).text).toContain('1 tensors, 1 numbers');
  });
});

describe('a base', async () => {
  const device = await wasm();

  it('has the shapes that a DigitsNet has', () => {
    const options = { inFeatures: 16, classes: 3 };
    const real = Array.from(new DigitsNet(device, options).namedTensors(), ([name, { shape }]) => [
      name,
      shape,
    ]);
    expect([...digitsNetShapes(options)]).toEqual(real);
  });

  it.each<[string, Record<string, number[]>]>([
    ['5,000,000 classes of nothing', { 'linear3.weight': [5_000_000, 0] }],
    ['10^9 pixels', { 'linear1.weight': [0, 1_000_000_000] }],
    ['a scalar', { 'linear1.weight': [], 'linear3.weight': [] }],
    [
      'no pixels and no classes',
      { ...Object.fromEntries(digitsNetShapes({ inFeatures: 0, classes: 0 })) } as never,
    ],
  ])('with %s is refused before anything is made of it', async (_, shapes) => {
    const path = file('base.safetensors', shapes);
    const before = device.memory();
    const begun = performance.now();
    await expect(readDigitsNet(device, path)).rejects.toThrow(
      /^\S+base\.safetensors: is not a DigitsNet: [^\n]{1,400}$/,
    );
    expect(performance.now() - begun).toBeLessThan(1000);
    expect(device.memory()).toEqual(before);
  });
});
