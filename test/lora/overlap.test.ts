/** Calls that overlap on a model with adapters: the oracle is the same calls one after another. */
import { describe, expect, it } from 'vitest';
import { noGrad } from '../../src/autograd/record.js';
import type { Backend } from '../../src/backends/backend.js';
import { ReferenceBackend } from '../../src/backends/reference/index.js';
import { Random } from '../../src/base/random.js';
import { Dataset } from '../../src/data/dataset.js';
import { loadAdapter, saveAdapter, serializeAdapter } from '../../src/lora/adapterFile.js';
import {
  activeAdapters,
  deleteAdapter,
  getAdapter,
  renameAdapter,
  setActiveAdapters,
  setAdapterScale,
  withAdapterDisabled,
  withAdapterPerRow,
} from '../../src/lora/adapters.js';
import { applyLora } from '../../src/lora/applyLora.js';
import type { LoraConfig } from '../../src/lora/config.js';
import { merge, mergeAndUnload, unloadAdapters, unmerge } from '../../src/lora/merge.js';
import { addWeightedAdapter } from '../../src/lora/weightedAdapter.js';
import { Linear } from '../../src/nn/linear.js';
import type { Layer } from '../../src/nn/module.js';
import { ReLU } from '../../src/nn/relu.js';
import { Sequential } from '../../src/nn/sequential.js';
import { Adam } from '../../src/optim/adam.js';
import { tensor } from '../../src/tensor.js';
import { evaluate } from '../../src/train/evaluate.js';
import { fit } from '../../src/train/fit.js';
import { wasm } from '../support/devices.js';

const FEATURES = 12;
const CLASSES = 4;
const ROWS = 30;
const devices: [string, Backend][] = [
  ['reference', new ReferenceBackend()],
  ['wasm', await wasm()],
];

const later = (ms = 1) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const isRefusal = /is in use by \w+: wait until that has ended$/;

describe.each(devices)('overlapping calls on %s', async (_, device) => {
  const random = new Random(3);
  const bytes = (count: number, below: number) =>
    Uint8Array.from({ length: count }, () => Math.floor(random.uniform() * below));
  const data = Dataset.fromBytes(device, bytes(ROWS * FEATURES, 256), bytes(ROWS, CLASSES), {
    ...{ features: FEATURES, classes: CLASSES, mean: 0.5, std: 0.5 },
  });
  const values = Float32Array.from({ length: 6 * FEATURES }, () => random.normal());
  const x = tensor(device, values, [6, FEATURES]);

  /** A model whose B is also random, so that the adapters have an effect. */
  async function adapt(model: Layer, name: string, config: LoraConfig = {}) {
    const adapter = await applyLora(model, { rank: 2, alpha: 8, ...config }, name);
    const from = new Random(1).split(name);
    for (const parameter of adapter.parameters()) {
      parameter.write(Array.from({ length: parameter.length }, () => 0.5 * from.normal()));
    }
    return adapter;
  }

  /** With the adapters a, which is active, and b. */
  async function build(config: LoraConfig = {}) {
    const from = new Random(5);
    const linear = (inFeatures: number, outFeatures: number) =>
      new Linear(device, inFeatures, outFeatures, { random: from });
    const model = new Sequential(linear(FEATURES, 16), new ReLU(), linear(16, CLASSES));
    await adapt(model, 'a', config);
    await adapt(model, 'b', config);
    return model;
  }

  const outputs = async (model: Layer) => Array.from(await noGrad(() => model.forward(x)).read());
  /** Takes several turns of the event loop and of the microtasks. */
  const ask = (model: Layer) => evaluate(model, data, { batchSize: 4 });
  const slowly = async (model: Layer) => {
    await later();
    const first = await ask(model);
    await later();
    expect(await ask(model)).toEqual(first);
    return first;
  };

  /** Results of the same calls one after another. */
  async function alone() {
    const model = await build();
    const adapted = await ask(model);
    const base = await withAdapterDisabled(model, () => ask(model));
    setActiveAdapters(model, ['b']);
    const other = await ask(model);
    expect(new Set([adapted, base, other].map((each) => each.loss)).size).toBe(3);
    return { adapted, base, other };
  }

  it('switches adapters off for several bodies at once, and on again after the last', async () => {
    const { adapted, base } = await alone();
    const model = await build({ bias: 'all' });
    const all = await ask(model);
    const off = await withAdapterDisabled(model, () => ask(model));
    const both = [
      withAdapterDisabled(model, () => ask(model)),
      withAdapterDisabled(model, () => slowly(model)),
    ];
    const late = later().then(() => withAdapterDisabled(model, () => slowly(model)));
    expect(await Promise.all([...both, late])).toEqual([off, off, off]);
    expect(await ask(model)).toEqual(all);
    const plain = await build();
    const results = await Promise.all([
      ask(plain),
      withAdapterDisabled(plain, () => ask(plain)),
      withAdapterDisabled(plain, () => slowly(plain)),
    ]);
    expect(results).toEqual([adapted, base, base]);
    expect(await ask(plain)).toEqual(adapted);
  });

  it('switches back when bodies fail, each with its own error', async () => {
    const { adapted, base } = await alone();
    const model = await build();
    const failing = (message: string, ms: number) =>
      withAdapterDisabled(model, async () => {
        await later(ms);
        throw new Error(message);
      });
    const results = await Promise.allSettled([
      failing('first', 1),
      withAdapterDisabled(model, () => slowly(model)),
      failing('last', 20),
      withAdapterDisabled(model, () => {
        throw new Error('at once');
      }),
    ]);
    expect(results.map((each) => (each.status === 'fulfilled' ? each.value : each.reason.message))).toEqual([
      'first',
      base,
      'last',
      'at once',
    ]);
    expect(await ask(model)).toEqual(adapted);
    expect(activeAdapters(model)).toEqual(['a']);
  });

  it('nests equal states, and refuses others without a deadlock', async () => {
    const { adapted, base } = await alone();
    const model = await build();
    const names = ['a', 'b', '__base__'];
    await withAdapterDisabled(model, async () => {
      expect(await withAdapterDisabled(model, () => slowly(model))).toEqual(base);
      await expect(withAdapterPerRow(model, names, () => ask(model))).rejects.toThrow(
        'withAdapterPerRow: the model is in use by withAdapterDisabled: wait until that has ended',
      );
      expect(await ask(model)).toEqual(base);
    });
    const mixed = await withAdapterPerRow(model, names, () => outputs(model));
    await withAdapterPerRow(model, names, async () => {
      await later();
      await expect(withAdapterDisabled(model, () => ask(model))).rejects.toThrow(isRefusal);
      await expect(withAdapterPerRow(model, ['a'], () => ask(model))).rejects.toThrow(isRefusal);
      expect(await withAdapterPerRow(model, names, () => outputs(model))).toEqual(mixed);
      expect(await outputs(model)).toEqual(mixed);
    });
    const same = [1, 5].map((ms) =>
      withAdapterPerRow(model, names, async () => {
        await later(ms);
        return outputs(model);
      }),
    );
    expect(await Promise.all(same)).toEqual([mixed, mixed]);
    expect(await ask(model)).toEqual(adapted);
  });

  it('lets an evaluation end in the state in which it began', async () => {
    const { adapted, base } = await alone();
    const model = await build();
    const before = ask(model);
    let inside: ReturnType<typeof ask> | undefined;
    await withAdapterDisabled(model, () => {
      inside = ask(model);
    });
    expect(await before).toEqual(adapted);
    expect(await inside).toEqual(base);
    expect(await ask(model)).toEqual(adapted);
  });

  const files = await serializeAdapter(getAdapter(await build(), 'b'));
  const changes: Record<string, (model: Layer) => unknown> = {
    'adapter.enabled': (model) => {
      getAdapter(model, 'a').enabled = false;
    },
    'layer.enabled': (model) => {
      for (const layer of getAdapter(model, 'a').layers.values()) layer.enabled = false;
    },
    setActiveAdapters: (model) => setActiveAdapters(model, ['b']),
    deleteAdapter: (model) => deleteAdapter(model, 'b'),
    renameAdapter: (model) => renameAdapter(model, 'a', 'c'),
    unmerge: (model) => unmerge(model),
    unloadAdapters: (model) => unloadAdapters(model),
    dispose: (model) => model.dispose(),
  };
  const longChanges: Record<string, (model: Layer) => Promise<unknown>> = {
    merge: (model) => merge(model),
    mergeAndUnload: (model) => mergeAndUnload(model),
    applyLora: (model) => applyLora(model, { rank: 2, init: 'pissa' }, 'c'),
    addWeightedAdapter: (model) => addWeightedAdapter(model, 'c', { adapters: ['a', 'b'], weights: [1, 1] }),
    loadAdapter: (model) => loadAdapter(model, files, { name: 'c' }),
    to: (model) => model.to(device),
  };

  it.each(Object.entries({ ...changes, ...longChanges }))(
    'refuses %s beside fit and within withAdapterDisabled, and leaves all as it was',
    async (name, change) => {
      const trained = async (onStep?: () => void) => {
        const model = await build({ dropout: 0.2 });
        const optimizer = new Adam(model.parameters(), { learningRate: 0.05 });
        await fit(model, data, { optimizer, ...(onStep ? { onStep } : {}) });
        return Object.fromEntries(await model.stateDict());
      };
      const model = await build({ dropout: 0.2 });
      const refusals: Promise<unknown>[] = [];
      const tryIt = async () => change(model);
      const optimizer = new Adam(model.parameters(), { learningRate: 0.05 });
      await fit(model, data, {
        optimizer,
        onStep: () => void refusals.push(tryIt().catch(({ message }) => message)),
      });
      for (const refusal of refusals) {
        expect(await refusal).toBe(`${name}: the model is in use by fit: wait until that has ended`);
      }
      expect(refusals).toHaveLength(3);
      expect(Object.fromEntries(await model.stateDict())).toEqual(await trained());
      const adapted = await ask(model);
      await withAdapterDisabled(model, async () => {
        await expect(tryIt()).rejects.toThrow(`${name}: the model is in use by withAdapterDisabled`);
        await later();
        await expect(tryIt()).rejects.toThrow(isRefusal);
      });
      expect(await ask(model)).toEqual(adapted);
    },
  );

  it.each(Object.entries(changes))('refuses %s beside evaluate and merge', async (_name, change) => {
    const { adapted } = await alone();
    const model = await build();
    const asked = evaluate(model, data, {
      batchSize: 4,
      onBatch: () => expect(() => change(model)).toThrow(isRefusal),
    });
    expect(() => change(model)).toThrow(isRefusal);
    expect(await asked).toEqual(adapted);
    const merging = merge(model);
    expect(() => change(model)).toThrow(isRefusal);
    await merging;
    unmerge(model);
    expect(await ask(model)).toEqual(adapted);
  });

  it.each(Object.entries(longChanges))(
    'lets %s wait for an evaluation, and the next for it',
    async (_name, change) => {
      const one = await build();
      const before = await ask(one);
      await change(one);
      const after = await ask(one);
      const model = await build();
      const asked = ask(model);
      const changing = change(model);
      const next = ask(model);
      expect(await asked).toEqual(before);
      await changing;
      expect(await next).toEqual(after);
    },
  );

  it('does long changes one after another', async () => {
    const model = await build();
    const adapted = await ask(model);
    const config = { rank: 2, init: 'pissa' } as const;
    const saved = new Map<string, Uint8Array>();
    const results = await Promise.allSettled([
      applyLora(model, config, 'c'),
      applyLora(model, config, 'c'),
      addWeightedAdapter(model, 'd', { adapters: ['a', 'b'], weights: [1, 1], combination: 'cat' }),
      saveAdapter(model, saved, { name: 'd' }),
      merge(model),
      merge(model),
      applyLora(model, config, 'e'),
    ]);
    expect(results.map(({ status }) => status)).toEqual([
      ...['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
      ...['fulfilled', 'rejected', 'rejected'],
    ]);
    expect(String((results[1] as PromiseRejectedResult).reason)).toContain('adapter c exists already');
    expect(String((results[5] as PromiseRejectedResult).reason)).toContain('are merged already');
    unmerge(model);
    expect(await ask(model)).toEqual(adapted);
    const one = await build();
    await addWeightedAdapter(one, 'd', { adapters: ['a', 'b'], weights: [1, 1], combination: 'cat' });
    const expected = new Map<string, Uint8Array>();
    await saveAdapter(one, expected, { name: 'd' });
    expect(saved).toEqual(expected);
    setActiveAdapters(model, ['c', 'd']);
  });

  it('adapts before the call returns where no weight is read', async () => {
    const model = new Sequential(new Linear(device, 3, 3), new Linear(device, 3, 2));
    const applied = applyLora(model, { rank: 1 });
    getAdapter(model, 'default').enabled = false;
    renameAdapter(model, 'default', 'first');
    expect((await applied).name).toBe('first');
  });

  it('lets what comes while a switch ends wait for its end', async () => {
    const { adapted, base } = await alone();
    const model = await build();
    let inside: ReturnType<typeof ask> | undefined;
    const ending = withAdapterDisabled(model, () => {
      inside = ask(model);
    });
    // The body is over, the evaluation that it began is not.
    await Promise.resolve();
    await Promise.resolve();
    const next = ask(model);
    const mixed = withAdapterPerRow(model, ['a', 'b'], () => outputs(model));
    const again = withAdapterDisabled(model, () => ask(model));
    await expect(again).rejects.toThrow('withAdapterDisabled: the model is in use by withAdapterPerRow');
    expect(await Promise.all([ending, inside, next])).toEqual([undefined, base, adapted]);
    expect(await mixed).toEqual(await withAdapterPerRow(model, ['a', 'b'], () => outputs(model)));
    expect(await ask(model)).toEqual(adapted);
  });

  it('refuses fit within withAdapterDisabled, and beside a change', async () => {
    const model = await build();
    const optimizer = new Adam(model.parameters());
    const before = await outputs(model);
    const train = () => fit(model, data, { optimizer });
    await expect(withAdapterDisabled(model, train)).rejects.toThrow(
      'fit: the model or the optimizer is in use by withAdapterDisabled: wait until that has ended',
    );
    const merging = merge(model);
    await expect(train()).rejects.toThrow('is in use by merge');
    await merging;
    unmerge(model);
    expect(await outputs(model)).toEqual(before);
    await train();
  });

  it('gives what calls give one after another, or refuses, in any order', async () => {
    const { adapted, base } = await alone();
    for (let seed = 0; seed < 30; seed++) {
      const from = new Random(seed);
      const model = await build();
      const start = await outputs(model);
      const choose = <T>(among: readonly T[]): T => among[Math.floor(from.uniform() * among.length)];
      const fail = async () => {
        await later();
        throw new Error('inside');
      };
      const off = (body: () => Promise<unknown>) => withAdapterDisabled(model, body);
      const calls: (() => Promise<unknown>)[] = [
        () => off(() => ask(model)),
        () => off(() => slowly(model)),
        () => off(() => off(() => slowly(model))),
        () => off(fail),
        () => withAdapterPerRow(model, ['a', 'b'], fail),
        async () => setActiveAdapters(model, ['a']),
        async () => setAdapterScale(model, 'a', 1),
        () => saveAdapter(model, new Map(), { name: 'a' }),
        () => model.to(device),
        () => off(() => fit(model, data, { optimizer: new Adam(model.parameters()) })),
      ];
      const running = Array.from({ length: 8 }, async () => {
        await later(Math.floor(from.uniform() * 6));
        return choose(calls)();
      });
      for (const result of await Promise.allSettled(running)) {
        if (result.status === 'rejected') expect(result.reason.message).toMatch(/^inside$|is in use by/);
        else if (result.value && typeof result.value === 'object' && 'loss' in result.value) {
          expect(result.value).toEqual(base);
        }
      }
      expect(activeAdapters(model)).toEqual(['a']);
      expect(await outputs(model)).toEqual(start);
      expect(await ask(model)).toEqual(adapted);
    }
  });
});
