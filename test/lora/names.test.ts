/** Adapters with names that every JavaScript object has: they are ordinary names. */
import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { type AdapterFiles, loadAdapter, saveAdapter } from '../../src/lora/adapterFile.js';
import { deleteAdapter, renameAdapter, setActiveAdapters } from '../../src/lora/adapters.js';
import { applyLora } from '../../src/lora/applyLora.js';
import { Linear } from '../../src/nn/linear.js';
import { Sequential } from '../../src/nn/sequential.js';
import { tensor } from '../../src/tensor.js';
import { wasm } from '../support/devices.js';

const device = await wasm();
const x = tensor(device, [1, -2, 3], [1, 3]);
/** The same weights each time. */
function build(): Sequential {
  const random = new Random(1);
  return new Sequential(new Linear(device, 3, 4, { random }), new Linear(device, 4, 2, { random }));
}

describe.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', '0'])(
  'an adapter named %s',
  (name) => {
    it.each(['layer', 'parametrization'] as const)(
      'is made, kept apart, saved and removed: %s',
      async (method) => {
        const model = build();
        const base = [...(await model.forward(x).read())];
        await applyLora(model, { rank: 1, targetModules: ['1'], method }, 'other');
        const adapter = await applyLora(
          model,
          { rank: 2, targetModules: ['0'], init: 'gaussian', method },
          name,
        );
        expect([...adapter.layers.keys()]).toEqual(['0']);
        expect([...adapter.factors.keys()]).toEqual(['0']);
        expect([...model.namedParameters()].filter(([path]) => path.includes(name)).length).toBeGreaterThan(
          0,
        );
        adapter.factors.get('0')?.loraB.write([1, 2, 3, 4, 5, 6, 7, 8]);
        setActiveAdapters(model, [name]);
        const adapted = [...(await model.forward(x).read())];
        expect(adapted).not.toEqual(base);
        const files: AdapterFiles = new Map();
        await saveAdapter(model, files, { name });
        const copy = build();
        await loadAdapter(copy, files, { name, method });
        expect([...(await copy.forward(x).read())]).toEqual(adapted);
        renameAdapter(model, name, 'third');
        expect([...(await model.forward(x).read())]).toEqual(adapted);
        renameAdapter(model, 'third', name);
        setActiveAdapters(model, ['other']);
        deleteAdapter(model, name);
        expect([...(await model.forward(x).read())]).toEqual(base);
        expect(Object.getPrototypeOf({})).toBe(Object.prototype);
      },
    );
  },
);
