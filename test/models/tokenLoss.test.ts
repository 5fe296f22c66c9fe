/** The loss of labelled tokens. Oracle: logarithms of a softmax, computed here by hand. */
import { afterAll, describe, expect, it } from 'vitest';
import { noGrad } from '../../src/autograd/record.js';
import { ReferenceBackend } from '../../src/backends/reference/index.js';
import { PackedRows } from '../../src/data/packedRows.js';
import { applyLora } from '../../src/lora/applyLora.js';
import { loadLanguageModel } from '../../src/models/load.js';
import { tokenLoss } from '../../src/models/tokenLoss.js';
import { tensor } from '../../src/tensor.js';
import { type TokenExample, UNTRAINED } from '../../src/text/examples.js';
import type { PackingOptions } from '../../src/text/packing.js';
import { folder } from './fixtures.js';

/** A device that computes in float64. */
const device = new ReferenceBackend();
const { model } = await loadLanguageModel(device, folder('llama3'));
afterAll(() => model.dispose());

/** An example whose tokens at some positions are trained. */
function example(ids: readonly number[], trained: readonly number[]): TokenExample {
  const labels = ids.map((id, position) => (trained.includes(position) ? id : UNTRAINED));
  return { ids: Int32Array.from(ids), labels: Int32Array.from(labels) };
}

/** −log softmax(z)[id], for the logits z that the model gives after the tokens before `position`. */
async function surprise(ids: readonly number[], position: number): Promise<number> {
  const before = tensor(device, ids.slice(0, position), [position], 'i32');
  const logits = Array.from(await noGrad(() => model.forward(before)).read()).slice(
    -model.config.vocabularySize,
  );
  const sum = logits.reduce((all, each) => all + Math.exp(each), 0);
  return Math.log(sum) - logits[ids[position]];
}

/** The loss of one step on some examples. */
async function lossOf(
  examples: readonly TokenExample[],
  options: PackingOptions = {},
  of = model,
): Promise<number> {
  let sum = 0;
  const rows = new PackedRows(device, examples, { batchTokens: 1000, ...options });
  for (const batch of rows.batches({ batchSize: 1 })) sum += await noGrad(() => tokenLoss(of, batch)).item();
  return sum;
}

function expectEqual(found: number, wanted: number): void {
  expect(Math.abs(found - wanted)).toBeLessThan(1e-12 * wanted);
}

describe('tokenLoss', () => {
  const ids = [17, 250, 3, 3, 96, 120, 8];

  it('of three trained tokens is the mean of their −log p', async () => {
    const each = [await surprise(ids, 2), await surprise(ids, 4), await surprise(ids, 5)];
    const loss = await lossOf([example(ids, [2, 4, 5])]);
    expectEqual(loss, (each[0] + each[1] + each[2]) / 3);
    expect(Math.max(...each) - Math.min(...each)).toBeGreaterThan(0.1);
  });

  it('is the mean over all trained tokens of a step, not of the means of its examples', async () => {
    const other = [17, 250, 5, 40];
    const tokens = [
      await surprise(ids, 2),
      await surprise(ids, 4),
      await surprise(ids, 5),
      await surprise(other, 3),
    ];
    const wanted = tokens.reduce((sum, each) => sum + each, 0) / 4;
    const examples = [example(ids, [2, 4, 5]), example(other, [3])];
    for (const options of [{}, { pack: false }, { sharePrefix: false }])
      expectEqual(await lossOf(examples, options), wanted);
  });

  it('follows the labels: equal tokens with other labels have another loss', async () => {
    const [first, second] = [await surprise(ids, 2), await surprise(ids, 6)];
    expect(Math.abs(first - second)).toBeGreaterThan(0.1);
    expectEqual(await lossOf([example(ids, [2])]), first);
    expectEqual(await lossOf([example(ids, [6])]), second);
    expectEqual(await lossOf([example(ids, [2]), example(ids, [6])]), (first + second) / 2);
  });

  // 0 fills rows up; 2 is padding and end of turn in SmolLM2-Instruct.
  it.each([0, 2])('follows positions where %i both ends a turn and is the padding', async (end) => {
    const turns = [17, end, 96, end, end, end];
    // The second end is trained; the first belongs to the question, and what follows is padding.
    expectEqual(
      await lossOf([example(turns, [2, 3])]),
      ((await surprise(turns, 2)) + (await surprise(turns, 3))) / 2,
    );
    expectEqual(await lossOf([example(turns, [3])]), await surprise(turns, 3));
    expectEqual(await lossOf([example(turns, [1])]), await surprise(turns, 1));
    expectEqual(await lossOf([example(turns.slice(0, 4), [2, 3])]), await lossOf([example(turns, [2, 3])]));
  });

  it('refuses an adapted head; a head is adapted only when it is named', async () => {
    const loaded = await loadLanguageModel(device, folder('llama'));
    const tied = loaded.model;
    const all = await applyLora(tied, { rank: 2 });
    expect([...all.factors.keys()].filter((path) => !path.startsWith('model.layers.'))).toEqual([]);
    const measure = () => lossOf([example(ids, [2])], {}, tied);
    expect(await measure()).toBeGreaterThan(0);
    const head = await applyLora(tied, { rank: 2, targetModules: ['lm_head'] }, 'head');
    expect([...head.factors.keys()]).toEqual(['lm_head']);
    await expect(measure()).rejects.toThrow('tokenLoss: lm_head must not be adapted');
    tied.dispose();
  });
});
