/** Oracle: the reference device, |error| ≤ 64·2⁻²⁴·Σ|a||b| for each element. */
import { describe, expect, it } from 'vitest';
import { reference, wasm, wasmBuilds } from '../devices.js';
import { opCases } from '../opCases.js';
import { runOp } from '../runOp.js';

const UNIT = 64 * 2 ** -24;

describe.each(wasmBuilds)('wasm %s against reference', async (build) => {
  const device = await wasm(build);

  it.each(opCases.map((op) => [op.name, op] as const))('%s', async (_, op) => {
    const expected = await runOp(reference, op);
    const magnitudes = op.scale === undefined ? await runOp(reference, op, true) : undefined;
    const actual = await runOp(device, op);
    expect([...actual.keys()]).toEqual([...expected.keys()]);
    for (const [name, values] of expected) {
      const got = actual.get(name) ?? [];
      expect(got.length).toBe(values.length);
      for (let i = 0; i < values.length; i++) {
        const magnitude = magnitudes?.get(name)?.[i] ?? op.scale ?? Number.NaN;
        const error = Math.abs(got[i] - values[i]);
        if (!(error <= UNIT * magnitude)) {
          expect.fail(`${name}[${i}]: ${got[i]} for ${values[i]}, allowed ${UNIT * magnitude}`);
        }
      }
    }
  });
});
