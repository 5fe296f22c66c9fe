/** Work and memory that a training step avoids, counted on a small model. */
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import type { Storage } from '../../src/backends/backend.js';
import { Random } from '../../src/base/random.js';
import { type PackedBatch, PackedRows } from '../../src/data/packedRows.js';
import { applyLora } from '../../src/lora/applyLora.js';
import type { LoraConfig } from '../../src/lora/config.js';
import type { LlamaForCausalLM } from '../../src/models/llama.js';
import { loadLanguageModel } from '../../src/models/load.js';
import { causalContext } from '../../src/models/tokenContext.js';
import { tokenLoss } from '../../src/models/tokenLoss.js';
import type { Linear } from '../../src/nn/linear.js';
import { relu } from '../../src/ops/relu.js';
import { parameter, tensor } from '../../src/tensor.js';
import { UNTRAINED } from '../../src/text/examples.js';
import { wasm } from '../support/devices.js';
import { folder } from './fixtures.js';

const device = await wasm();
afterAll(() => device.dispose());
afterEach(() => {
  vi.restoreAllMocks();
});

const RANK = 4;

async function adapted(config: LoraConfig, name = 'llama3'): Promise<LlamaForCausalLM> {
  const { model } = await loadLanguageModel(device, folder(name));
  await applyLora(model, { rank: RANK, ...config });
  const random = new Random(3);
  for (const each of model.parameters().filter(({ requiresGrad }) => requiresGrad))
    each.write(Array.from({ length: each.length }, () => 0.05 * random.normal()));
  return model;
}

/** A row of one example, trained on some of its tokens. */
function batchOf(length: number, trained: (position: number) => boolean): PackedBatch {
  const ids = Int32Array.from({ length }, (_, i) => (i * 7) % 300);
  const labels = ids.map((id, i) => (trained(i) ? id : UNTRAINED));
  const { value } = new PackedRows(device, [{ ids, labels }]).batches({ batchSize: 1 }).next();
  return value ?? expect.fail();
}

const weightOf = (layer: unknown) => {
  const { base = layer } = layer as { base?: unknown };
  return (base as Linear).weight.storage;
};

/** Bytes that the graph of a forward pass takes for each token. */
async function bytesPerToken(config: LoraConfig): Promise<number> {
  const model = await adapted(config);
  const [, ...bytes] = [64, 64, 128].map((tokens) => {
    const context = causalContext(device, tokens);
    const ids = tensor(device, new Int32Array(tokens), [tokens], 'i32');
    // The end of the last graph is readable until another is begun.
    relu(parameter(device, [1], [1]));
    const before = device.memory().liveBytes;
    const hidden = model.hiddenStates(ids, context);
    const { liveBytes } = device.memory();
    hidden.backward(tensor(device, new Float32Array(hidden.length), hidden.shape));
    return liveBytes - before;
  });
  model.dispose();
  return (bytes[1] - bytes[0]) / 64;
}

describe('a training step', () => {
  it('computes nothing after the last label, in the last of several turns', () => {
    const batch = batchOf(200, (i) => i === 40 || i === 90 || i === 91);
    // 91 tokens before the last label, rounded up to 32.
    expect(batch.ids.length).toBe(96);
  });

  it('computes the head only for labelled rows, and keeps no logits', async () => {
    const model = await adapted({});
    const { vocabularySize } = model.config;
    const live = new Set<Storage>();
    const alloc = device.alloc.bind(device);
    const free = device.free.bind(device);
    let large = 0;
    vi.spyOn(device, 'alloc').mockImplementation((dtype, length) => {
      const storage = alloc(dtype, length);
      if (length >= vocabularySize * 64) {
        live.add(storage);
        large += 1;
      }
      return storage;
    });
    vi.spyOn(device, 'free').mockImplementation((storage) => {
      live.delete(storage);
      free(storage);
    });
    const run = vi.spyOn(device, 'run');
    const loss = tokenLoss(
      model,
      batchOf(120, (i) => i > 20 && i % 2 === 0),
    );
    const head = weightOf(model.lm_head);
    const rows = run.mock.calls.flatMap(([kernel, args]) =>
      kernel === 'matmul' && 'b' in args && args.b === head ? [args.m] : [],
    );
    // 49 labels, rounded up to 64: forward and backward.
    expect(rows).toEqual([64, 64]);
    expect([large, live.size]).toEqual([1, 0]);
    loss.backward();
    model.dispose();
  });

  it('has no backward pass below the first trained layer, and keeps nothing there', async () => {
    const model = await adapted({ targetModules: /.*layers\.1\..*_proj/ });
    const batch = batchOf(100, (i) => i > 0);
    const run = vi.spyOn(device, 'run');
    const loss = tokenLoss(model, batch);
    const forward = run.mock.calls.length;
    loss.backward();
    const calls = run.mock.calls.slice(forward);
    const { self_attn, mlp } = model.model.layers[0];
    const below = [self_attn.q_proj, self_attn.k_proj, self_attn.v_proj, self_attn.o_proj];
    const weights = [...below, mlp.gate_proj, mlp.up_proj, mlp.down_proj].map(weightOf);
    const products = (some: typeof calls) =>
      some.filter(([kernel, args]) => kernel === 'matmul' && 'b' in args && weights.includes(args.b));
    expect(products(run.mock.calls)).toHaveLength(7);
    expect(products(calls)).toHaveLength(0);
    expect(calls.filter(([kernel]) => kernel === 'attentionQueriesBackward')).toHaveLength(1);
    // The product for its own input, which is not trained, is missing too.
    const input = weightOf(model.model.layers[1].self_attn.q_proj);
    expect(calls.filter(([, args]) => 'b' in args && args.b === input)).toHaveLength(0);
    model.dispose();
  });

  it('keeps for each token only the values that trained matrices and the backward pass read', async () => {
    const { model } = await loadLanguageModel(device, folder('llama3'));
    const { hiddenSize: hidden, intermediateSize, heads, kvHeads, headDim, layers } = model.config;
    model.dispose();
    expect(layers).toBe(2);
    const [q, kv] = [heads * headDim, kvHeads * headDim];
    // The input, and the state between the halves; q, k, v and the output with two numbers of each head; gate and up; scales.
    const layer = 2 * hidden + q + 2 * kv + q + 2 * heads + 2 * intermediateSize + 2;
    // The state after the last block, and after its norm.
    const end = 2 * hidden + 1;
    // The input of the first is frozen: its norm is kept, without its scale.
    const first = hidden - 1;
    const all = { targetModules: 'all-linear' } as const;
    expect(await bytesPerToken(all)).toBe(4 * (2 * (layer + 7 * RANK) + first + end));
    const some = { targetModules: ['q_proj', 'v_proj'] };
    expect(await bytesPerToken(some)).toBe(4 * (2 * (layer + 2 * RANK) + first + end));
    // Of the first layer only its output is kept.
    const upper = { targetModules: /.*layers\.1\.self_attn\.[qv]_proj/ };
    expect(await bytesPerToken(upper)).toBe(4 * (layer + 2 * RANK + first + end));
  });

  it('recomputes, to the same bits, the values that it does not keep', async () => {
    const model = await adapted({ targetModules: 'all-linear' });
    const batch = batchOf(100, (i) => i > 0);
    const trained = model.parameters().filter(({ requiresGrad }) => requiresGrad);
    const gradients = async (isAgain: boolean) => {
      model.model.gradientCheckpointing = isAgain;
      for (const each of trained) each.zeroGrad();
      const run = vi.spyOn(device, 'run');
      tokenLoss(model, batch).backward();
      const norms = run.mock.calls.filter(([kernel]) => kernel === 'rmsNorm').length;
      const products = run.mock.calls.filter(([kernel]) => kernel === 'siluMul').length;
      run.mockRestore();
      const values: number[] = [];
      for (const { grad } of trained) values.push(...((await grad?.read()) ?? []));
      return { values, norms, products };
    };
    const [found, checkpointed] = [await gradients(false), await gradients(true)];
    expect(found.values).toEqual(checkpointed.values);
    // Each norm but the frozen first and the last is computed twice; siluMul also goes back to `up`.
    expect([found.norms, found.products]).toEqual([5 + 3, 2 + 2 + 2]);
    // A block that is recomputed as a whole keeps its values.
    expect([checkpointed.norms, checkpointed.products]).toEqual([5 + 4, 2 + 2 + 2]);
    model.dispose();
  });
});
