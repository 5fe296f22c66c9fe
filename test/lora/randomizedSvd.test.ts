/** PiSSA by random columns: nearly the best approximation, and otherwise an ordinary adapter. */
import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { loadAdapter, saveAdapter } from '../../src/lora/adapterFile.js';
import { applyLora } from '../../src/lora/applyLora.js';
import type { LoraInit } from '../../src/lora/config.js';
import { factorsOfWeight } from '../../src/lora/initialFactors.js';
import { randomizedSvd } from '../../src/lora/randomizedSvd.js';
import { Linear } from '../../src/nn/linear.js';
import { Sequential } from '../../src/nn/sequential.js';
import { tensor } from '../../src/tensor.js';
import { allDevices, reference } from '../support/devices.js';

/** ‖W − s B A‖ */
async function errorOf(
  w: ArrayLike<number>,
  rows: number,
  columns: number,
  init: 'pissa' | `pissa_niter_${number}`,
) {
  const rank = 6;
  const weight = tensor(reference, w, [rows, columns]);
  const shape = { rank, inFeatures: columns, outFeatures: rows };
  const { a, b } = await factorsOfWeight(weight, shape, init, 0.5, new Random(3));
  let sum = 0;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let value = w[i * columns + j];
      for (let r = 0; r < rank; r++) value -= 0.5 * b[i * rank + r] * a[r * columns + j];
      sum += value ** 2;
    }
  }
  return Math.sqrt(sum);
}

describe('pissa_niter_N', async () => {
  it.each([
    [60, 90],
    [90, 60],
    [7, 40],
  ])(
    'is nearly the best approximation of %i × %i, and better with more iterations',
    async (rows, columns) => {
      const random = new Random(9);
      const w = Float32Array.from({ length: rows * columns }, () => random.normal());
      const best = await errorOf(w, rows, columns, 'pissa');
      const [once, often] = [
        await errorOf(w, rows, columns, 'pissa_niter_1'),
        await errorOf(w, rows, columns, 'pissa_niter_16'),
      ];
      expect(often).toBeLessThanOrEqual(once * (1 + 1e-9));
      expect(often / best).toBeLessThan(1.001);
      expect(once / best).toBeLessThan(1.1);
      expect(often / best).toBeGreaterThan(1 - 1e-6);
    },
  );

  it('finds the singular values of a matrix of low rank', async () => {
    const [u, v] = [new Random(1), new Random(2)].map((random) =>
      Array.from({ length: 3 }, () => Array.from({ length: 20 }, () => random.normal())),
    );
    const w = Float32Array.from({ length: 400 }, (_, i) =>
      u.reduce((sum, column, r) => sum + column[Math.floor(i / 20)] * v[r][i % 20], 0),
    );
    const { s } = await randomizedSvd(tensor(reference, w, [20, 20]), 5, 2, new Random(0));
    expect(s.filter((value) => value > 1e-3)).toHaveLength(3);
  });

  it.each(await allDevices())(
    'changes nothing initially, and is saved and loaded, on %s',
    async (_, device) => {
      const random = new Random(4);
      const base = () =>
        new Sequential(
          new Linear(device, 12, 20, { random: new Random(7) }),
          new Linear(device, 20, 9, { random: new Random(8) }),
        );
      const model = base();
      const x = tensor(
        device,
        Float32Array.from({ length: 36 }, () => random.normal()),
        [3, 12],
      );
      const before = await model.forward(x).read();
      const adapter = await applyLora(model, { rank: 4, init: 'pissa_niter_4' });
      const at = await model.forward(x).read();
      for (const [i, value] of at.entries()) expect(value).toBeCloseTo(before[i], 5);
      for (const { loraA } of adapter.factors.values())
        loraA.write((await loraA.read()).map((value) => value + 0.1));
      const trained = await model.forward(x).read();
      const files = new Map<string, Uint8Array>();
      await saveAdapter(model, files);
      const again = base();
      await loadAdapter(again, files);
      for (const [i, value] of (await again.forward(x).read()).entries())
        expect(value).toBeCloseTo(trained[i], 4);
      expect(trained.some((value, i) => Math.abs(value - before[i]) > 1e-2)).toBe(true);
    },
  );

  it.each(['pissa_niter_', 'pissa_niter_0', 'pissa_niter_1.5', 'pissa_niter_100', 'pissa_x'])(
    'is not %s',
    async (init) => {
      const model = new Sequential(new Linear(reference, 3, 3));
      await expect(applyLora(model, { init: init as LoraInit })).rejects.toThrow(
        /^lora: init must be one of/,
      );
    },
  );
});
