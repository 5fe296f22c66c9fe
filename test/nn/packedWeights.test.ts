/** Packed frozen weights in modules and under adapters: the numbers of the same weights in f32, in a fifth of the memory. */
import { describe, expect, it } from 'vitest';
import type { Backend } from '../../src/backends/backend.js';
import { type PackedType, storageBytes } from '../../src/backends/elementTypes.js';
import { packWeights } from '../../src/backends/packedWeights.js';
import { ShapeError } from '../../src/base/errors.js';
import { Random } from '../../src/base/random.js';
import { unpackTo } from '../../src/gguf/packed.js';
import { saveAdapter } from '../../src/lora/adapterFile.js';
import { applyLora } from '../../src/lora/applyLora.js';
import type { LoraConfig } from '../../src/lora/config.js';
import { merge, mergeAndUnload } from '../../src/lora/merge.js';
import { Embedding } from '../../src/nn/embedding.js';
import { Linear } from '../../src/nn/linear.js';
import { Layer } from '../../src/nn/module.js';
import { crossEntropy } from '../../src/ops/crossEntropy.js';
import { linear } from '../../src/ops/linear.js';
import { matmul } from '../../src/ops/matmul.js';
import { silu } from '../../src/ops/silu.js';
import { Adam } from '../../src/optim/adam.js';
import { packedParameter, parameter, Tensor, tensor } from '../../src/tensor.js';
import { allDevices, reference } from '../support/devices.js';
import { PACKED_TYPES, randomPacked } from '../support/packedCases.js';

const [VOCABULARY, WIDTH, INNER] = [19, 64, 96];

/** A packed weight, or the same numbers in f32; all larger than they come, so that there is something to learn. */
function weightOf(device: Backend, dtype: PackedType, shape: readonly [number, number], isPacked: boolean) {
  const count = shape[0] * shape[1];
  const weights = randomPacked(new Random(count), dtype, count);
  const { bytes } = packWeights(weights);
  if (isPacked) return packedParameter(device, dtype, bytes, shape);
  const values = new Float32Array(count);
  unpackTo(values, 0, weights);
  const wide = parameter(device, values, shape);
  wide.requiresGrad = false;
  return wide;
}

/** A small language model without attention; its head is its table. */
class Net extends Layer {
  readonly embed: Embedding;
  readonly up: Linear;
  readonly down: Linear;
  readonly head: Linear;

  constructor(device: Backend, dtype: PackedType, isPacked: boolean) {
    super();
    this.embed = new Embedding(device, VOCABULARY, WIDTH);
    this.up = new Linear(device, WIDTH, INNER);
    this.down = new Linear(device, INNER, WIDTH);
    this.head = new Linear(device, WIDTH, VOCABULARY, { bias: false });
    const give = (layer: Linear | Embedding, rows: number, cols: number) => {
      layer.weight.dispose();
      layer.weight = weightOf(device, dtype, [rows, cols], isPacked);
    };
    give(this.embed, VOCABULARY, WIDTH);
    give(this.up, INNER, WIDTH);
    give(this.down, WIDTH, INNER);
    this.head.weight.dispose();
    this.head.weight = this.embed.weight;
    this.requiresGrad(false);
  }

  forward(x: Tensor): Tensor {
    return this.head.forward(this.down.forward(silu(this.up.forward(this.embed.forward(x)))));
  }
}

/** Products in other tiles are added up in another order. */
function expectClose(found: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(found.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    expect(Math.abs(found[i] - expected[i])).toBeLessThan(1e-4 * Math.max(1, Math.abs(expected[i])));
  }
}

describe.each(await allDevices())('packed weights on %s', (_, device) => {
  const x = tensor(device, [0, 3, 18, 7, 7], [5], 'i32');
  const y = tensor(device, [3, 18, 7, 7, 1], [5], 'i32');

  async function trained(model: Net, config: LoraConfig): Promise<number[]> {
    await applyLora(model, { rank: 3, seed: 2, ...config });
    // With its usual eps, Adam makes steps of one size out of gradients that are only rounding.
    const optimizer = new Adam(model.parameters(), { learningRate: 0.01, eps: 0.01 });
    const losses: number[] = [];
    for (let i = 0; i < 4; i++) {
      optimizer.zeroGrad();
      const loss = crossEntropy(model.forward(x), y);
      loss.backward();
      optimizer.step();
      losses.push(await loss.item());
    }
    expect(losses[3]).toBeLessThan(losses[0]);
    const files = new Map<string, Uint8Array>();
    await saveAdapter(model, files);
    expect(files.size).toBe(2);
    return [...losses, ...(await model.forward(x).read())];
  }

  describe.each(PACKED_TYPES)('of %s', (dtype) => {
    it('are multiplied as those in f32, and pass gradients to x', async () => {
      const results = [true, false].map(async (isPacked) => {
        const random = new Random(4);
        const values = Float32Array.from({ length: 7 * WIDTH }, () => random.normal());
        const input = parameter(device, values, [7, WIDTH]);
        const weight = weightOf(device, dtype, [INNER, WIDTH], isPacked);
        const seed = tensor(
          device,
          Float32Array.from({ length: 7 * INNER }, () => random.normal()),
          [7, INNER],
        );
        const outs: ArrayLike<number>[] = [];
        for (const product of [
          () => linear(input, weight),
          () => matmul(input, weight, { transB: true, alpha: 0.5 }),
        ]) {
          input.zeroGrad();
          const out = product();
          out.backward(seed);
          outs.push(await out.read(), (await input.grad?.read()) ?? []);
        }
        const wide = parameter(device, await seed.read(), [7, INNER]);
        const out = matmul(wide, weight);
        out.backward(input);
        outs.push(await out.read(), (await wide.grad?.read()) ?? []);
        expect(weight.grad).toBeUndefined();
        return outs;
      });
      const [packed, wide] = await Promise.all(results);
      for (const [i, each] of packed.entries()) expectClose(each, wide[i]);
    });

    it.each<[string, LoraConfig]>([
      ['LoRA', { init: 'gaussian' }],
      ['LoRA on the table and the head', { targetModules: ['embed', 'head', 'up'], init: 'gaussian' }],
      ['rsLoRA with patterns', { useRslora: true, rankPattern: { up: 5 }, alphaPattern: { down: 3 } }],
      ['dropout', { dropout: 0.3, targetModules: ['up', 'down'] }],
      ['DoRA', { useDora: true, targetModules: ['up', 'down'] }],
      ['DoRA on the table', { useDora: true, targetModules: ['embed', 'up'] }],
      ['a parametrization', { method: 'parametrization', targetModules: ['up', 'down'] }],
      ['PiSSA', { init: 'pissa_niter_2', targetModules: ['up', 'down'] }],
      ['OLoRA', { init: 'olora', targetModules: ['up', 'down'] }],
      ['a module as a whole', { targetModules: ['up'], modulesToSave: ['down'] }],
    ])('train an adapter as those in f32: %s', async (__, config) => {
      const packed = await trained(new Net(device, dtype, true), config);
      expectClose(packed, await trained(new Net(device, dtype, false), config));
    });

    it('are read as numbers, and move to another device', async () => {
      const [packed, wide] = [true, false].map((isPacked) => new Net(device, dtype, isPacked));
      expect(packed.up.weight.dtype).toBe(dtype);
      expect(packed.up.weight.requiresGrad).toBe(false);
      expect(Array.from(await packed.up.weight.read())).toEqual(Array.from(await wide.up.weight.read()));
      const values = await packed.forward(x).read();
      await packed.to(reference);
      expect(packed.up.weight.dtype).toBe(dtype);
      await packed.to(device);
      expect(await packed.forward(x).read()).toEqual(values);
      const expected = (await wide.stateDict()).get('down.weight');
      expect(Array.from((await packed.stateDict()).get('down.weight')?.data ?? [])).toEqual(
        Array.from(expected?.data ?? []),
      );
    });

    it('are not trained, written or merged into', async () => {
      const model = new Net(device, dtype, true);
      expect(() => model.requiresGrad()).toThrow(`requiresGrad: a weight of ${dtype} [19,64] is not trained`);
      expect(() => model.up.weight.write(new Float32Array(INNER * WIDTH))).toThrow(
        `write: a weight of ${dtype} is loaded`,
      );
      const state = await new Net(device, dtype, false).stateDict();
      expect(() => model.loadStateDict(state)).toThrow(
        `up.weight is ${dtype}, whose values come only from a file`,
      );
      await applyLora(model, { rank: 1, targetModules: ['up'], init: 'gaussian' });
      await expect(merge(model)).rejects.toThrow(
        `merge: up is ${dtype}, which would lose most of the update: write a merged model with exportMerged, or load the weights as f32`,
      );
      await expect(mergeAndUnload(model)).rejects.toThrow(`merge: up is ${dtype}`);
    });

    it('that were trained as a whole are kept in f32', async () => {
      const model = new Net(device, dtype, true);
      const { weight } = model.up;
      model.up.weight = weightOf(device, dtype, [INNER, WIDTH], false);
      weight.dispose();
      const outputs = (await trained(model, { targetModules: ['up'], modulesToSave: ['down'] })).slice(4);
      await mergeAndUnload(model);
      expect(model.down.weight.dtype).toBe('f32');
      expectClose(await model.forward(x).read(), outputs);
    });

    it('have rows of whole groups', () => {
      const bytes = new Uint8Array(storageBytes(dtype, 96));
      expect(() => packedParameter(device, dtype, bytes, [12, 8])).toThrow(ShapeError);
      expect(() => packedParameter(device, dtype, bytes, [96])).toThrow(
        /must be \[rows, cols\], cols a multiple/,
      );
      expect(() => packedParameter(device, dtype, bytes.subarray(1), [1, 96])).toThrow(
        `packedParameter: ${dtype} [1,96] needs ${bytes.length} bytes: got ${bytes.length - 1}`,
      );
      const odd = new Tensor(device, device.alloc(dtype, 96), [12, 8]);
      const input = tensor(device, new Float32Array(8), [1, 8]);
      expect(() => linear(input, odd)).toThrow('linear: weight must have rows of whole groups');
      const weight = packedParameter(device, dtype, bytes, [1, 96]);
      const a = tensor(device, new Float32Array(2), [1, 2]);
      expect(() => matmul(a, weight, { transA: true })).toThrow(
        `matmul: b must be f32 where a is taken transposed: got ${dtype}`,
      );
    });
  });
});
