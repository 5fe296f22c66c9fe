/** Modules and tensors that stand in several places, and modules in arrays, objects and Maps. */
import { describe, expect, it } from 'vitest';
import { Dataset } from '../../src/data/dataset.js';
import { applyLora } from '../../src/lora/applyLora.js';
import { countParameters } from '../../src/lora/countParameters.js';
import { mergeAndUnload } from '../../src/lora/merge.js';
import { Embedding } from '../../src/nn/embedding.js';
import { Linear } from '../../src/nn/linear.js';
import { Layer, Module } from '../../src/nn/module.js';
import { ReLU } from '../../src/nn/relu.js';
import { Sequential } from '../../src/nn/sequential.js';
import { crossEntropy } from '../../src/ops/crossEntropy.js';
import { Adam } from '../../src/optim/adam.js';
import { parameter, type Tensor, tensor } from '../../src/tensor.js';
import { fit } from '../../src/train/fit.js';
import { reference as device } from '../support/devices.js';

/** A vocabulary whose head is its table. */
class Tied extends Layer {
  readonly embed = new Embedding(device, 5, 3);
  readonly head = new Linear(device, 3, 5, { bias: false });

  constructor() {
    super();
    this.head.weight = this.embed.weight;
  }

  forward(x: Tensor): Tensor {
    return this.head.forward(this.embed.forward(x));
  }
}

const table = Float32Array.from({ length: 15 }, (_, i) => Math.sin(i));
const values = async (t: Tensor | undefined) => Array.from((await t?.read()) ?? []);

describe('a weight that two layers share', () => {
  it('is yielded, counted and saved once, under its first name', async () => {
    const model = new Tied();
    expect(Array.from(model.namedTensors(), ([name]) => name)).toEqual(['embed.weight']);
    expect(countParameters(model).total).toBe(15);
    expect([...(await model.stateDict()).keys()]).toEqual(['embed.weight']);
  });

  it('is trained once, with the gradients of both', async () => {
    const model = new Tied();
    model.embed.weight.write(table);
    const [x, y] = [tensor(device, [1, 2], [2], 'i32'), tensor(device, [3, 0], [2], 'i32')];
    const optimizer = new Adam(model.parameters());
    crossEntropy(model.forward(x), y).backward();
    const both = await values(model.embed.weight.grad);
    // The same with two tensors, whose gradients are added.
    const apart = { embed: new Embedding(device, 5, 3), head: new Linear(device, 3, 5, { bias: false }) };
    for (const { weight } of Object.values(apart)) weight.write(table);
    crossEntropy(apart.head.forward(apart.embed.forward(x)), y).backward();
    const [ofHead, ofEmbed] = [await values(apart.head.weight.grad), await values(apart.embed.weight.grad)];
    for (const [i, each] of both.entries()) expect(each).toBeCloseTo(ofHead[i] + ofEmbed[i], 12);
    optimizer.step();
    expect(await values(model.head.weight)).toEqual(await values(model.embed.weight));
  });

  it.each([[['embed.weight']], [['head.weight']], [['embed.weight', 'head.weight']]])(
    'is loaded from a file that names %s',
    async (names) => {
      const model = new Tied();
      model.loadStateDict(new Map(names.map((name) => [name, { shape: [5, 3], data: table }])));
      expect(await values(model.head.weight)).toEqual(Array.from(table));
    },
  );

  it('is refused where a file has two values for it, or none', () => {
    const model = new Tied();
    const other = table.map((each) => each + 1);
    const two = { 'embed.weight': table, 'head.weight': other };
    const state = new Map(Object.entries(two).map(([name, data]) => [name, { shape: [5, 3], data }]));
    expect(() => model.loadStateDict(state)).toThrow(
      'loadStateDict: embed.weight and head.weight are one tensor here, but differ',
    );
    expect(() => model.loadStateDict(new Map())).toThrow('loadStateDict: missing embed.weight');
  });

  it('is not merged into by the adapter of one of them', async () => {
    const model = new Tied();
    const before = await values(model.embed.weight);
    await applyLora(model, { rank: 1, targetModules: ['head'], init: 'gaussian' });
    await expect(mergeAndUnload(model)).rejects.toThrow(/^merge: .* are one tensor: both would change/);
    expect(await values(model.embed.weight)).toEqual(before);
  });
});

describe('a module that stands in two places', () => {
  it('is one', () => {
    class Twice extends Module {
      readonly a = new Linear(device, 2, 2);
      readonly b = this.a;
    }
    const model = new Twice();
    expect(Array.from(model.namedModules(), ([path]) => path)).toEqual(['', 'a']);
    expect(Array.from(model.namedTensors(), ([name]) => name)).toEqual(['a.weight', 'a.bias']);
  });

  it('is not adapted', async () => {
    const once = new Linear(device, 2, 2);
    const model = new Sequential(once, new ReLU(), once);
    await expect(applyLora(model, { rank: 1 })).rejects.toThrow(
      'applyLora: 0 and 2 are one module: it cannot be adapted',
    );
  });
});

describe('modules and tensors in containers', () => {
  const linear = () => new Linear(device, 2, 2, { bias: false });
  class Holder extends Module {
    constructor(readonly held: unknown) {
      super();
    }
  }

  it('are found in arrays, objects and Maps within each other', () => {
    const held = {
      blocks: [[linear()], [linear(), { deep: linear() }]],
      by: new Map([['name', [linear()]]]),
    };
    const names = ['blocks.0.0', 'blocks.1.0', 'blocks.1.1.deep', 'by.name.0'];
    const model = new Holder(held);
    expect(Array.from(model.namedChildren(), ([name]) => name)).toEqual(names.map((name) => `held.${name}`));
    const other = linear();
    model.replaceChild('held.by.name.0', other);
    expect(held.by.get('name')).toEqual([other]);
    model.replaceChild('held.blocks.1.1.deep', other);
    expect(held.blocks[1][1]).toEqual({ deep: other });
    expect(() => model.replaceChild('held.blocks.2', other)).toThrow('there is no child named held.blocks.2');
  });

  it('may be parameters', () => {
    const model = new Holder([parameter(device, [1], [1]), { b: parameter(device, [2], [1]) }]);
    expect(Array.from(model.namedParameters(), ([name]) => name)).toEqual(['held.0', 'held.1.b']);
  });

  it('are not affected where a container holds itself', () => {
    const around: unknown[] = [linear()];
    around.push(around);
    expect(Array.from(new Holder(around).namedChildren(), ([name]) => name)).toEqual(['held.0']);
  });

  it.each([
    ['a Set', new Set([linear()]), 'module: held is a Set: its entries have no names; use an array'],
    ['a Map by numbers', new Map([[1, linear()]]), 'module: held is a Map whose keys are not strings'],
  ])('are refused in %s', (_, held, message) => {
    expect(() => new Holder(held).parameters()).toThrow(message);
  });

  it('cannot be trained or evaluated without forward', async () => {
    const model = new Holder([linear()]) as unknown as Layer;
    const options = { optimizer: new Adam(model.parameters()) };
    const sizes = { features: 2, classes: 1, mean: 0, std: 1 };
    const data = Dataset.fromBytes(device, new Uint8Array(2), new Uint8Array(1), sizes);
    await expect(fit(model, data, options)).rejects.toThrow('fit: the model must be a Layer');
  });
});
