/** How a command's model computes, by option, weights and device. */
import { afterAll, describe, expect, it } from 'vitest';
import { loadModel, type PrecisionOption } from '../../../src/cli/language/loadModel.js';
import { SILENT } from '../../../src/cli/progress.js';
import type { WeightsOption } from '../../../src/models/weights.js';
import { folder } from '../../models/fixtures.js';
import { wasm } from '../../support/devices.js';
import { hasWebGpu, webgpu } from '../../support/webgpuDevice.js';

const device = await wasm();
afterAll(() => device.dispose());

async function load(
  weights: WeightsOption,
  precision: PrecisionOption,
  on: Parameters<typeof loadModel>[0] = device,
) {
  const notices: string[] = [];
  const reporting = {
    ...{ progress: SILENT, signal: new AbortController().signal },
    notice: (text: string) => void notices.push(text),
  };
  const { model } = await loadModel(on, folder('qwen3'), { weights, precision }, reporting);
  return { precision: model.precision, notices };
}

describe('--precision', () => {
  it.each([
    ['q8', 'auto', 'fast', 0],
    ['q8', 'exact', 'exact', 0],
    ['q8', 'fast', 'fast', 0],
    ['f32', 'auto', 'exact', 0],
    ['f32', 'exact', 'exact', 0],
    ['f32', 'fast', 'fast', 1],
  ] as const)('with weights %s, %s is %s', async (weights, option, wanted, notes) => {
    const { precision, notices } = await load(weights, option);
    expect(precision).toBe(wanted);
    expect(notices).toHaveLength(notes);
    if (notes > 0) expect(notices[0]).toContain('precision fast changes nothing');
  });

  it.runIf(hasWebGpu)('auto is exact on webgpu', async () => {
    expect((await load('q8', 'auto', await webgpu())).precision).toBe('exact');
  });
});
