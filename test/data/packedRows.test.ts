/** Packed rows in device memory. */
import { describe, expect, it } from 'vitest';
import type { Backend } from '../../src/backends/backend.js';
import { Random } from '../../src/base/random.js';
import type { BatchOptions } from '../../src/data/batches.js';
import { type PackedBatch, PackedRows } from '../../src/data/packedRows.js';
import { type TokenExample, UNTRAINED } from '../../src/text/examples.js';
import { Packing, type PackingOptions } from '../../src/text/packing.js';
import { allDevices } from '../support/devices.js';

/** Example n begins with 1, 2 and trains its last two tokens, of which the first is 10 + n. */
function exampleOf(n: number, length = 6 + (n % 5)): TokenExample {
  const ids = Int32Array.from({ length }, (_, i) => (i < 2 ? i + 1 : 100 + n + i));
  ids[length - 2] = 10 + n;
  const labels = ids.map((id, i) => (i < length - 2 ? UNTRAINED : id));
  return { ids, labels };
}
const examples = Array.from({ length: 20 }, (_, n) => exampleOf(n));

describe.each(await allDevices())('PackedRows on %s', (_, device: Backend) => {
  /** The numbers of the examples of each batch, and the steps that they belong to. */
  async function read(data: PackedRows, options: BatchOptions) {
    const batches: { members: number[]; endsStep: boolean; stepTokens: number }[] = [];
    for (const draw of data.draws(options)) {
      const batch = draw.take();
      const targets = [...(await batch.targets.read())];
      expect(targets.filter((target) => target !== UNTRAINED).length).toBe(batch.rows);
      const { lossTokens: stepTokens } = batch;
      expect(await batch.scale.item()).toBeCloseTo(1 / stepTokens, 6);
      const members = targets.filter((target) => target >= 10 && target < 100).map((target) => target - 10);
      batches.push({ members, endsStep: draw.endsStep, stepTokens });
    }
    return batches;
  }
  const membersOf = async (data: PackedRows, options: BatchOptions) =>
    (await read(data, options)).map(({ members }) => members);
  const ANY = { batchSize: 1 };

  it('has the rows that were planned', async () => {
    const options: PackingOptions = { maxLength: 40 };
    const packing = new Packing(examples, options);
    const plans = [...packing.steps(Int32Array.from(examples.keys()))].flat();
    const data = new PackedRows(device, examples, options);
    expect([data.length, data.batchCount(ANY), data.stepCount(ANY)]).toEqual([
      20,
      plans.length,
      plans.length,
    ]);
    expect(data.report).toEqual(packing.report);
    let i = 0;
    for (const batch of data.batches(ANY)) {
      const row = packing.row(plans[i++]);
      expect(batch.ranges.shape).toEqual([batch.ids.length, 4]);
      expect(batch.length).toBe(9);
      for (const name of ['ids', 'positions', 'ranges', 'labelRows', 'targets'] as const)
        expect(await batch[name].read()).toEqual(row[name]);
    }
    expect(i).toBe(plans.length);
  });

  it('shuffles by its generator, each example once an epoch, and no step spans two', async () => {
    const data = new PackedRows(device, examples, { maxLength: 32, batchTokens: 14 });
    const options = (seed: number) => ({ ...ANY, epochs: 2, random: new Random(seed) });
    const first = await read(data, options(1));
    expect(await read(data, options(1))).toEqual(first);
    expect(await read(data, options(2))).not.toEqual(first);
    const given = first.flatMap(({ members }) => members);
    const all = Array.from(examples.keys());
    for (const epoch of [given.slice(0, 20), given.slice(20)])
      expect([...epoch].sort((a, b) => a - b)).toEqual(all);
    expect(given.slice(20)).not.toEqual(given.slice(0, 20));
    // Steps of 7 examples; 6 are left in each epoch.
    const steps: { examples: number; stepTokens: number }[] = [];
    let count = 0;
    for (const { members, endsStep, stepTokens } of first) {
      count += members.length;
      if (!endsStep) continue;
      steps.push({ examples: count, stepTokens });
      count = 0;
    }
    const [whole, rest] = [7, 6].map((each) => ({ examples: each, stepTokens: 2 * each }));
    expect(steps).toEqual([whole, whole, rest, whole, whole, rest]);
    const counted = options(1);
    expect([data.batchCount(counted), data.stepCount(counted)]).toEqual([first.length, 6]);
    // Counting leaves the generator as it was.
    expect(await read(data, counted)).toEqual(first);
  });

  it('counts the batches of the order that will be drawn', async () => {
    const lengths = Array.from({ length: 20 }, (__, n) => exampleOf(n, 4 + ((n * 7) % 26)));
    const data = new PackedRows(device, lengths, { maxLength: 32 });
    const counts = new Set<number>();
    for (let seed = 0; seed < 20; seed++) {
      const random = new Random(seed);
      random.uint32();
      const count = data.batchCount({ ...ANY, random });
      expect([...data.draws({ ...ANY, random })].length).toBe(count);
      counts.add(count);
    }
    expect(counts.size).toBeGreaterThan(1);
  });

  it('skips batches, and leaves out a short last step', async () => {
    const data = new PackedRows(device, examples, { maxLength: 32, batchTokens: 14 });
    const options = { ...ANY, epochs: 2 };
    const all = await membersOf(data, options);
    for (const skip of [1, 3, all.length - 1, all.length, all.length + 5]) {
      expect(await membersOf(data, { ...options, skip })).toEqual(all.slice(skip));
      expect(data.batchCount({ ...options, skip })).toBe(Math.max(0, all.length - skip));
    }
    const whole = await membersOf(data, { ...ANY, dropLast: true });
    expect(whole.flat().length).toBe(14);
    expect([data.batchCount({ ...ANY, dropLast: true }), data.stepCount({ ...ANY, dropLast: true })]).toEqual(
      [whole.length, 2],
    );
  });

  it('uses the same memory for every batch, and none afterwards', () => {
    const before = device.memory().liveStorages;
    const data = new PackedRows(device, examples, { maxLength: 64, pack: false });
    const use = new Set(Array.from(data.batches(ANY), () => device.memory().liveStorages));
    expect(use.size).toBe(1);
    for (const __ of data.batches(ANY)) break;
    expect(device.memory().liveStorages).toBe(before);
    const kept: PackedBatch[] = [...data.batches(ANY)];
    expect(() => kept[0].ids.storage).toThrow('its memory was released by the next batch');
  });

  it('calls equal shapes by the same name, whose tensors are the same', () => {
    const long = exampleOf(1, 50);
    const data = new PackedRows(device, [examples[0], examples[1], long], { pack: false });
    const drawn = Array.from(data.draws(ANY), (draw) => [draw.shape, draw.take().ids] as const);
    expect(drawn.map(([shape]) => shape)).toEqual([
      '32 tokens, 64 labels',
      '32 tokens, 64 labels',
      '64 tokens, 64 labels',
    ]);
    expect([drawn[0][1] === drawn[1][1], drawn[1][1] === drawn[2][1]]).toEqual([true, false]);
  });
});

describe('PackedRows', async () => {
  const [[, device]] = await allDevices();

  it('has the digest of its packing', async () => {
    const data = new PackedRows(device, examples, { maxLength: 40 });
    expect(await data.digest()).toBe(new Packing(examples, { maxLength: 40 }).digest());
  });

  it('refuses options that do not exist', () => {
    const data = new PackedRows(device, examples);
    expect(() => data.draws({ batchTokens: 5 } as never)).toThrow(/^batches: unknown option "batchTokens"/);
    expect(() => new PackedRows(device, examples, { batchSize: 5, batchTokens: 3 })).toThrow(
      'packing: batchTokens and batchSize must not be given together: 3, 5',
    );
    expect(() => new PackedRows(device, examples, { batchSize: 1.5 })).toThrow(
      'packing: batchSize must be an integer of at least 0: 1.5',
    );
  });
});
