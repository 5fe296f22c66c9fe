import { beforeEach, describe, expect, it } from 'vitest';
import { noGrad } from '../../src/autograd/record.js';
import { Random } from '../../src/base/random.js';
import type { LoraAdapter } from '../../src/lora/adaptation.js';
import { applyLora } from '../../src/lora/applyLora.js';
import type { LoraConfig } from '../../src/lora/config.js';
import { countParameters } from '../../src/lora/countParameters.js';
import { LoraParametrization } from '../../src/lora/loraParametrization.js';
import { mergeAndUnload } from '../../src/lora/merge.js';
import { DigitsNet } from '../../src/mnist/digitsNet.js';
import { Linear } from '../../src/nn/linear.js';
import type { Layer } from '../../src/nn/module.js';
import { ReLU } from '../../src/nn/relu.js';
import { Sequential } from '../../src/nn/sequential.js';
import { crossEntropy } from '../../src/ops/crossEntropy.js';
import { Adam } from '../../src/optim/adam.js';
import { tensor } from '../../src/tensor.js';
import { allDevices } from '../support/devices.js';

const METHODS = ['parametrization', 'layer'] as const;
const BIASES = ['none', 'lora_only', 'all'] as const;

describe.each(await allDevices())('LoRA on %s', (_, device) => {
  const random = new Random(1);
  const pixels = Float32Array.from({ length: 5 * 9 }, () => random.normal());
  const x = tensor(device, pixels, [5, 9]);
  const y = tensor(device, [0, 1, 2, 3, 1], [5], 'i32');

  /** 9 → 7 → 4: in ≠ out everywhere. */
  const build = () => {
    const init = new Random(5);
    return new Sequential(
      new Linear(device, 9, 7, { random: init }),
      new ReLU(),
      new Linear(device, 7, 4, { random: init }),
    );
  };
  const outputs = async (model: Layer) => Array.from(await noGrad(() => model.forward(x)).read());
  const train = (model: Layer, steps = 5) => {
    const optimizer = new Adam(model.parameters(), { learningRate: 0.05 });
    for (let i = 0; i < steps; i++) {
      optimizer.zeroGrad();
      crossEntropy(model.forward(x), y).backward();
      optimizer.step();
    }
    return optimizer;
  };
  const adapted = async (config: LoraConfig = {}): Promise<{ model: Sequential; adapter: LoraAdapter }> => {
    const model = build();
    return { model, adapter: await applyLora(model, { rank: 2, alpha: 3, init: 'normal', ...config }) };
  };

  let base: number[] = [];
  beforeEach(async () => {
    base = await outputs(build());
  });

  describe.each(METHODS)('%s', (method) => {
    it('equals the base bit for bit while it is fresh', async () => {
      expect(await outputs((await adapted({ method })).model)).toEqual(base);
    });

    it.each(BIASES)(
      'equals the base bit for bit when it is off, after training with bias %s',
      async (bias) => {
        const { model, adapter } = await adapted({ method, bias });
        train(model);
        const trained = await outputs(model);
        expect(trained).not.toEqual(base);
        adapter.enabled = false;
        expect(await outputs(model)).toEqual(base);
        adapter.enabled = true;
        expect(await outputs(model)).toEqual(trained);
      },
    );

    it.each(BIASES)('changes only A, B and, with bias %s, the biases it names', async (bias) => {
      const targetModules = ['0'];
      const { model } = await adapted({ method, bias, targetModules });
      const before = await model.stateDict();
      train(model);
      const changed = [...(await model.stateDict())]
        .filter(([name, { data }]) => data.join() !== before.get(name)?.data.join())
        .map(([name]) =>
          name
            .replace('parametrizations.weight.0.', '')
            .replace('base.', '')
            .replace('adapters.default.', ''),
        );
      const biases = { none: [], lora_only: ['0.bias'], all: ['0.bias', '2.bias'] }[bias];
      expect(changed.sort()).toEqual([...biases, '0.loraA', '0.loraB'].sort());
    });

    it('never gives a frozen parameter a gradient', async () => {
      const { model } = await adapted({ method });
      train(model, 2);
      for (const [name, { grad }] of model.namedParameters()) {
        expect(grad !== undefined, name).toBe(name.includes('lora'));
      }
    });

    it('starts from its seed', async () => {
      const state = async (config: LoraConfig) =>
        [...(await (await adapted({ method, ...config })).model.stateDict())].join();
      expect(await state({ seed: 1 })).toBe(await state({ seed: 1 }));
      const a = async (seed: number) => {
        const [factors] = (await adapted({ method, seed })).adapter.factors.values();
        return Array.from(await factors.loraA.read());
      };
      expect(await a(1)).not.toEqual(await a(2));
    });

    it('switches layer by layer', async () => {
      const { model, adapter } = await adapted({ method });
      train(model);
      for (const layer of adapter.layers.values()) layer.enabled = false;
      expect(await outputs(model)).toEqual(base);
    });
  });

  it('gives the same outputs by both methods', async () => {
    const [one, other] = [
      (await adapted({ method: METHODS[0] })).model,
      (await adapted({ method: METHODS[1] })).model,
    ];
    train(one);
    train(other);
    const [a, b] = [await outputs(one), await outputs(other)];
    const largest = Math.max(...a.map(Math.abs));
    expect(Math.max(...a.map((value, i) => Math.abs(value - b[i]))) / largest).toBeLessThanOrEqual(1e-5);
  });

  it('merges into plain Linear modules with the same outputs', async () => {
    const { model } = await adapted({ bias: 'lora_only' });
    train(model);
    const trained = await outputs(model);
    expect((await mergeAndUnload(model)).difference).toBeLessThanOrEqual(1e-5);
    expect(model.modules.map((module) => module.constructor)).toEqual([Linear, ReLU, Linear]);
    const merged = await outputs(model);
    const largest = Math.max(...trained.map(Math.abs));
    const error = Math.max(...merged.map((value, i) => Math.abs(value - trained[i]))) / largest;
    expect(error).toBeLessThanOrEqual(1e-5);
    expect(merged).not.toEqual(base);
  });
});

describe('applyLora', async () => {
  const [[, device]] = await allDevices();
  const digits = async (config: LoraConfig) => {
    const model = new DigitsNet(device);
    return { model, adapter: await applyLora(model, config) };
  };

  it.each([
    ['parametrization', 'none', 3124, 1.3285],
    ['layer', 'lora_only', 3518, 1.4961],
    ['layer', 'none', 3124, 1.3285],
    ['parametrization', 'all', 3518, 1.4961],
  ] as const)(
    'counts what the tutorial counts: %s with bias %s',
    async (method, bias, trainable, percent) => {
      const { model, adapter } = await digits({ method, bias, rank: 2, alpha: 1 });
      const count = countParameters(model);
      expect(count).toMatchObject({ total: 238_270, trainable, base: 235_146 });
      expect(count.trainablePercent).toBeCloseTo(percent, 4);
      adapter.enabled = false;
      expect(countParameters(model).total).toBe(238_270);
    },
  );

  it.each([
    ['all-linear', ['linear1', 'linear2', 'linear3']],
    [
      ['linear3', 'linear1'],
      ['linear1', 'linear3'],
    ],
    [/linear[12]/, ['linear1', 'linear2']],
    [/linear/, undefined],
    [['linear4'], undefined],
    [['linear1', 'nothing'], undefined],
    [['inear1'], undefined],
  ] as const)('finds the modules of %s', async (targetModules, expected) => {
    if (expected) expect([...(await digits({ targetModules })).adapter.layers.keys()]).toEqual(expected);
    else
      await expect(digits({ targetModules })).rejects.toThrow(
        /no Linear or Embedding module matches .*: there are linear1, linear2, linear3/,
      );
  });

  it('finds a module by the end of its path, and the module itself by parametrization', async () => {
    const nested = new Sequential(new Sequential(new Linear(device, 3, 2)), new Linear(device, 2, 2));
    expect([...(await applyLora(nested, { targetModules: ['0'], rank: 1 })).layers.keys()]).toEqual(['0.0']);
    const single = new Linear(device, 3, 2);
    expect(
      [...(await applyLora(single, { method: 'parametrization', rank: 1 })).layers.values()][0],
    ).toBeInstanceOf(LoraParametrization);
  });

  it.each([
    [{ rank: 0 }, 'lora: rank must be a positive integer: 0'],
    [{ rank: 1.5 }, 'lora: rank must be a positive integer: 1.5'],
    [{ rank: 129 }, 'lora: rank must be an integer from 1 to 128 for linear3 (128 to 10): 129'],
    [{ alpha: Number.NaN }, 'lora: alpha must be a finite number: NaN'],
    [{ bias: 'some' as 'all' }, 'lora: bias must be one of none, lora_only, all: some'],
    [
      { init: 'zeros' as 'kaiming' },
      'lora: init must be one of kaiming, gaussian, normal, orthogonal, pissa, olora: zeros',
    ],
  ])('refuses %o and leaves the model alone', async (config, message) => {
    const model = new DigitsNet(device);
    await expect(applyLora(model, config)).rejects.toThrow(message);
    expect(countParameters(model)).toMatchObject({ total: 235_146, trainable: 235_146 });
  });

  it('refuses to adapt twice under one name', async () => {
    for (const method of METHODS) {
      const { model } = await digits({ method, rank: 1 });
      await expect(applyLora(model)).rejects.toThrow('adapter default exists already');
    }
  });

  it('refuses to wrap a model that is itself the Linear', async () => {
    const applied = applyLora(new Linear(device, 3, 2), { rank: 1 });
    await expect(applied).rejects.toThrow('the model is itself the module');
  });
});
