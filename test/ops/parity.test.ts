/** Oracle: the reference device, |error| ≤ 64·2⁻²⁴·Σ|a||b| for each element. */
import { describe, expect, it } from 'vitest';
import { wasm, wasmBuilds } from '../support/devices.js';
import { opCases } from '../support/opCases.js';
import { opDifference } from '../support/runOp.js';

describe.each(wasmBuilds)('wasm %s against reference', async (build) => {
  const device = await wasm(build);

  it.each(opCases.map((op) => [op.name, op] as const))('%s', async (_, op) => {
    expect(await opDifference(device, op)).toBeUndefined();
  });
});
