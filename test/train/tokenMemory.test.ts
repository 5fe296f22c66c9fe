/** Memory after step 2 equals memory after step 100, with rows of many lengths. */
import { describe, expect, it } from 'vitest';
import { PackedRows } from '../../src/data/packedRows.js';
import { applyLora } from '../../src/lora/applyLora.js';
import { loadLanguageModel } from '../../src/models/load.js';
import { tokenLoss } from '../../src/models/tokenLoss.js';
import { AdamW } from '../../src/optim/adam.js';
import type { TokenExample } from '../../src/text/examples.js';
import { fit } from '../../src/train/fit.js';
import { folder } from '../models/fixtures.js';
import { wasm } from '../support/devices.js';

const STEPS = 100;

const examples: TokenExample[] = Array.from({ length: 40 }, (_, n) => {
  const ids = Int32Array.from({ length: 5 + ((29 * n) % 53) }, (__, i) => (31 * n + 7 * i * i + i) % 290);
  return { ids, labels: ids.map((id, i) => (i >= ids.length - 2 - (n % 3) ? id : -1)) };
});

describe('a LoRA on a language model over packed weights', () => {
  it.each([
    ['recorded', true, false],
    ['recorded, with recomputed blocks', true, true],
    ['call by call', false, false],
    ['call by call, with recomputed blocks', false, true],
  ])('takes the same memory after step 2: %s', { timeout: 60_000 }, async (_, record, isAgain) => {
    const device = await wasm();
    const { model, weightBytes } = await loadLanguageModel(device, folder('qwen3'), { weights: 'q4' });
    await applyLora(model, { rank: 2, dropout: 0.1 });
    model.model.gradientCheckpointing = isAgain;
    const optimizer = new AdamW(model.parameters(), { learningRate: 1e-3 });
    const rows = new PackedRows(device, examples, { batchTokens: 10 });
    let hiddenRows = 0;
    let steps = 0;
    const lengths = new Set<number>();
    const uses = new Set<string>();
    const { repeated } = await fit(model, rows, {
      ...{ optimizer, epochs: STEPS, limit: STEPS, record },
      loss: (each, batch) => {
        lengths.add(batch.ids.length);
        // The state covers only labelled rows, where there are fewer.
        hiddenRows = Math.min(batch.ids.length, batch.targets.length);
        return tokenLoss(each, batch);
      },
      onStep: () => {
        steps += 1;
        if (steps < 2) return;
        const { liveBytes, liveStorages } = device.memory();
        // The loss of the last row holds the gradient of its hidden states until the next one.
        const gradient = hiddenRows * model.config.hiddenSize * Float32Array.BYTES_PER_ELEMENT;
        uses.add(`${liveBytes - gradient} in ${liveStorages}`);
      },
    });
    expect(steps).toBe(STEPS);
    expect(repeated > STEPS / 2).toBe(record);
    expect(lengths.size).toBeGreaterThanOrEqual(4);
    expect([...uses]).toHaveLength(1);
    optimizer.dispose();
    expect(device.memory().liveBytes).toBeGreaterThanOrEqual(weightBytes);
    model.dispose();
    expect(device.memory().liveBytes).toBe(0);
    device.dispose();
  });
});
