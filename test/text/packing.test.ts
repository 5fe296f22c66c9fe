/** Rows of examples. Oracle: the examples one by one, which each row must represent. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type TokenExample, UNTRAINED } from '../../src/text/examples.js';
import type { PackedRow } from '../../src/text/packedRow.js';
import { Packing, type PackingOptions } from '../../src/text/packing.js';
import { groupPrefixes } from '../../src/text/prefixGroups.js';
import { refusal } from './support.js';

/** An example: tokens, and the places of the trained ones. */
function example(ids: readonly number[], trained: readonly number[]): TokenExample {
  const labels = ids.map((id, i) => (trained.includes(i) ? id : UNTRAINED));
  return { ids: Int32Array.from(ids), labels: Int32Array.from(labels) };
}

const inOrder = (packing: Packing) => Int32Array.from({ length: packing.length }, (_, i) => i);
const rowsOf = (packing: Packing) => [...packing.steps(inOrder(packing))].flat();

/** The tokens that a token sees, ending with itself. */
function seenFrom({ ids, ranges }: PackedRow, row: number): number[] {
  const [from, to, prefixFrom, prefixTo] = ranges.subarray(4 * row, 4 * row + 4);
  return [...ids.subarray(prefixFrom, prefixTo), ...ids.subarray(from, to)];
}

/** The basis of each label of a row: the visible tokens, by position, and the target. */
function predictions(row: PackedRow): string[] {
  return Array.from(row.labelRows, (at, i) => `${seenFrom(row, at)} > ${row.targets[i]}`).filter(
    (_, i) => row.targets[i] !== UNTRAINED,
  );
}

/** The same for examples one by one. */
function wanted(examples: readonly TokenExample[], window = Number.POSITIVE_INFINITY): string[] {
  return examples.flatMap(({ ids, labels }) =>
    [...labels].flatMap((label, i) =>
      label === UNTRAINED ? [] : [`${ids.subarray(Math.max(0, i - window), i)} > ${label}`],
    ),
  );
}

describe('a row of examples', () => {
  it('has each example with its own positions, up to its last trained token, and padding', () => {
    const packing = new Packing([example([5, 6, 7, 8, 9], [2, 3]), example([7, 6], [1])], {
      sharePrefix: false,
    });
    const [plan] = rowsOf(packing);
    const row = packing.row(plan);
    expect([plan.tokens, row.trainedTokens]).toEqual([4, 3]);
    expect([row.ids.length, row.labelRows.length]).toEqual([32, 64]);
    expect([...row.ids.slice(0, 6)]).toEqual([5, 6, 7, 7, 0, 0]);
    expect([...row.positions.slice(0, 6)]).toEqual([0, 1, 2, 0, 0, 0]);
    expect([...row.ranges.slice(0, 20)]).toEqual([
      ...[0, 1, 0, 0],
      ...[0, 2, 0, 0],
      ...[0, 3, 0, 0],
      ...[3, 4, 0, 0],
      ...[0, 0, 0, 0],
    ]);
    expect([...row.labelRows.slice(0, 4)]).toEqual([1, 2, 3, 0]);
    expect([...row.targets.slice(0, 4)]).toEqual([7, 8, 6, UNTRAINED]);
    expect(row.targets.slice(3).every((target) => target === UNTRAINED)).toBe(true);
  });

  it('has a shared prefix once, whose last token predicts for each', () => {
    const packing = new Packing([
      example([1, 2, 3, 4, 5], [3, 4]),
      example([1, 2, 3, 8, 9], [3, 4]),
      example([1, 2, 3, 6], [3]),
    ]);
    const row = packing.row(rowsOf(packing)[0]);
    expect([...row.ids.slice(0, 6)]).toEqual([1, 2, 3, 4, 8, 0]);
    expect([...row.positions.slice(0, 6)]).toEqual([0, 1, 2, 3, 3, 0]);
    expect([...row.ranges.slice(12, 20)]).toEqual([3, 4, 0, 3, 4, 5, 0, 3]);
    expect([...row.labelRows.slice(0, 5)]).toEqual([2, 2, 3, 2, 4]);
    expect([...row.targets.slice(0, 5)]).toEqual([6, 4, 5, 8, 9]);
    expect(packing.report).toEqual({
      ...{ examples: 3, tokens: 11, trainedTokens: 5, cut: 0, dropped: 0, rows: 1, sharedTokens: 6 },
      ...{ rowTokens: 32, rowLabels: 64 },
    });
  });

  it('requires no more tokens for an example that it contains already', () => {
    const one = example([1, 2, 3], [1, 2]);
    const packing = new Packing([one, one, one]);
    const row = packing.row(rowsOf(packing)[0]);
    expect(packing.report).toMatchObject({ tokens: 6, sharedTokens: 4, rows: 1 });
    expect(predictions(row)).toEqual(wanted([one, one, one]));
  });
});

/** Few different tokens, so that prefixes are shared. */
const someExample = fc
  .array(fc.integer({ min: 1, max: 3 }), { minLength: 2, maxLength: 24 })
  .chain((ids) =>
    fc
      .uniqueArray(fc.integer({ min: 1, max: ids.length - 1 }), { minLength: 1 })
      .map((trained) => example(ids, trained)),
  );
const someExamples = fc.array(someExample, { minLength: 1, maxLength: 40 });
const someOptions = fc.record({
  maxLength: fc.integer({ min: 24, max: 80 }),
  batchTokens: fc.constantFrom(0, 0, 1, 30, 1000),
  pack: fc.boolean(),
  sharePrefix: fc.boolean(),
  window: fc.constantFrom(undefined, undefined, 1, 3, 10),
});

describe('packing', () => {
  it('predicts each trained token once, from the tokens of its own example', () => {
    fc.assert(
      fc.property(someExamples, someOptions, (examples, options) => {
        const packing = new Packing(examples, options);
        const rows = rowsOf(packing).map((plan) => packing.row(plan));
        expect(rows.flatMap(predictions).sort()).toEqual(wanted(examples, options.window).sort());
      }),
      { numRuns: 300 },
    );
  });

  it('has positions that count the tokens of an example, and padding that sees nothing', () => {
    fc.assert(
      fc.property(someExamples, someOptions, (examples, { window: _, ...options }) => {
        const packing = new Packing(examples, options);
        for (const plan of rowsOf(packing)) {
          const row = packing.row(plan);
          const texts = plan.members.map((member) => `${examples[member].ids},`);
          for (let i = 0; i < plan.tokens; i++) {
            const seen = seenFrom(row, i);
            expect(seen.length).toBe(row.positions[i] + 1);
            expect(texts.some((text) => text.startsWith(`${seen},`))).toBe(true);
          }
          expect(Math.max(...row.positions)).toBeLessThan(packing.longest);
          const padding = [row.ids, row.positions].map((values) => values.slice(plan.tokens));
          expect([...padding[0], ...padding[1], ...row.ranges.slice(4 * plan.tokens)].some(Boolean)).toBe(
            false,
          );
          expect([row.ids.length % 32, row.targets.length % 64]).toEqual([0, 0]);
          expect(row.ids.length - plan.tokens).toBeLessThan(32);
          expect(row.ids.length).toBeLessThanOrEqual(packing.maxTokens);
          expect(row.targets.length).toBeLessThanOrEqual(packing.maxLabels);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('makes steps of the requested number of trained tokens, each example once', () => {
    fc.assert(
      fc.property(someExamples, someOptions, (examples, options) => {
        const packing = new Packing(examples, options);
        const steps = [...packing.steps(inOrder(packing))];
        const members = steps.map((step) => step.flatMap((row) => row.members));
        expect(members.flat().sort((a, b) => a - b)).toEqual([...inOrder(packing)]);
        // Examples move only within their step.
        let next = 0;
        for (const each of members) {
          expect([...each].sort((a, b) => a - b)).toEqual(each.map((_, i) => next + i));
          next += each.length;
        }
        for (const step of steps.slice(0, -1)) expect(packing.isWhole(step)).toBe(true);
        const { batchTokens } = options;
        if (batchTokens === 0) expect(steps.every((step) => step.length === 1)).toBe(true);
        if (batchTokens === 1) expect(steps.length).toBe(examples.length);
        if (batchTokens === 1000) expect(steps.length).toBe(1);
        const rows = steps.flat();
        if (!options.pack) expect(rows.every((row) => row.members.length === 1)).toBe(true);
        const tokens = rows.reduce((sum, row) => sum + row.tokens, 0);
        const { report } = packing;
        expect(report.tokens - report.sharedTokens).toBe(tokens);
        if (!options.sharePrefix) expect(report.sharedTokens).toBe(0);
      }),
      { numRuns: 200 },
    );
  });

  it('fills rows: the next example would not have fitted', () => {
    // 24 tokens each, four of which fill a row.
    const examples = Array.from({ length: 30 }, (_, i) => example([100 + i, ...Array(24).fill(7)], [24]));
    const packing = new Packing(examples, { maxLength: 96 });
    expect(rowsOf(packing).map((row) => row.members.length)).toEqual([...Array(7).fill(4), 2]);
  });

  it('bounds the labels and the examples of a row, which shared tokens do not', () => {
    const all = Array.from({ length: 29 }, (_, i) => i + 1);
    const copies = new Packing(Array(6).fill(example([9, ...all], all)), { maxLength: 32 });
    expect(rowsOf(copies).map((row) => row.members.length)).toEqual([2, 2, 2]);
    const many = new Packing(Array(300).fill(example([1, 2], [1])));
    expect(rowsOf(many).map((row) => row.members.length)).toEqual([256, 44]);
  });

  it('saves at least as much as any division into contiguous groups', () => {
    const saved = (list: readonly Int32Array[], groups: ReturnType<typeof groupPrefixes>) =>
      groups.reduce((sum, { prefix, from, to }) => {
        for (let i = from; i < to; i++) expect(list[i].slice(0, prefix)).toEqual(list[from].slice(0, prefix));
        return sum + prefix * (to - from - 1);
      }, 0);
    const token = fc.integer({ min: 0, max: 2 });
    fc.assert(
      fc.property(fc.array(fc.array(token, { maxLength: 6 }), { maxLength: 7 }), (lists) => {
        const sorted = lists.map((ids) => Int32Array.from(ids)).sort((a, b) => (`${a}` < `${b}` ? -1 : 1));
        let best = 0;
        for (let cuts = 0; cuts < 2 ** Math.max(0, sorted.length - 1); cuts++) {
          let sum = 0;
          let from = 0;
          for (let to = 1; to <= sorted.length; to++) {
            if (to < sorted.length && !((cuts >> (to - 1)) & 1)) continue;
            const group = sorted.slice(from, to);
            let prefix = 0;
            while (group.every((ids) => prefix < ids.length && ids[prefix] === group[0][prefix])) prefix++;
            sum += prefix * (group.length - 1);
            from = to;
          }
          best = Math.max(best, sum);
        }
        const groups = groupPrefixes(sorted);
        expect(groups.flatMap(({ from, to }) => sorted.slice(from, to))).toEqual(sorted);
        expect(saved(sorted, groups)).toBe(best);
      }),
    );
  });

  it('shares prefixes like the 16 chat examples of one template', () => {
    // 24 common tokens, then 13 of a question, 11 of an answer.
    const head = Array.from({ length: 24 }, (_, i) => i);
    const examples = Array.from({ length: 16 }, (_, n) => {
      const tail = Array.from({ length: 24 }, (__, i) => 100 + 30 * n + i);
      return example(
        [...head, ...tail],
        Array.from({ length: 11 }, (__, i) => 37 + i),
      );
    });
    const { report } = new Packing(examples);
    expect(report).toMatchObject({ tokens: 16 * 47, sharedTokens: 15 * 24, rows: 1, trainedTokens: 176 });
  });
});

describe('an example that is too long', () => {
  const short = example([1, 2, 3], [2]);
  const long = example([1, 2, 3, 4, 5, 6], [2, 5]);
  const late = example([1, 2, 3, 4, 5, 6], [5]);
  const packingOf = (options: PackingOptions) =>
    new Packing([short, long, late, long], { maxLength: 4, ...options });

  it('is refused, with the number of them', () => {
    expect(refusal(() => packingOf({}))).toBe(
      'packing: examples must have at most 4 tokens (maxLength), or long must be cut or drop: 3 of 4 have more, the first examples[1], the longest 6',
    );
    expect(refusal(() => new Packing([long], { maxLength: 4, long: 'drop' }))).toBe(
      'packing: there must be an example of at most 4 tokens: 1 were given',
    );
  });

  it('is cut or left out, and counted', () => {
    const cut = packingOf({ long: 'cut' });
    expect(cut.report).toMatchObject({ examples: 3, cut: 2, dropped: 1, trainedTokens: 3, tokens: 6 });
    expect(rowsOf(cut).flatMap((plan) => predictions(cut.row(plan)))).toEqual(wanted([short, short, short]));
    expect(packingOf({ long: 'drop' }).report).toMatchObject({ examples: 1, cut: 0, dropped: 3 });
  });

  it('is measured only up to its last trained token, and only where a length was given', () => {
    const idle = example([1, 2, 3, 4, 5, 6], [3]);
    expect(new Packing([idle], { maxLength: 4 }).report).toMatchObject({ tokens: 3, cut: 0 });
    const huge = example(Array(700).fill(1), [699]);
    expect(new Packing([huge]).report).toMatchObject({ tokens: 699, rows: 1 });
  });
});

describe('an invalid example or option', () => {
  const short = example([1, 2, 3], [2]);

  it('is refused', () => {
    const refused = (bad: TokenExample) => refusal(() => new Packing([short, bad]));
    expect(refused(example([1, 2], []))).toBe(
      'examples[1]: must have a token that is trained: it has 2 in all',
    );
    expect(refused(example([1, 2], [0]))).toBe(
      'examples[1]: a label must be -1 or the token itself, and the first -1: token 0 is 1, its label 1',
    );
    expect(refused({ ids: Int32Array.of(1, 2), labels: Int32Array.of(-100, 2) })).toMatch(/its label -100$/);
    expect(refused({ ids: Int32Array.of(1, 2), labels: Int32Array.of(-1) })).toBe(
      'examples[1]: ids and labels must be Int32Arrays of one length',
    );
    expect(() => new Packing([short], { maxLength: 1 })).toThrow(
      'packing: maxLength must be an integer of at least 2: 1',
    );
    expect(() => new Packing([short], { batchTokens: -1 })).toThrow(RangeError);
    expect(() => new Packing([short], { window: 0 })).toThrow(RangeError);
    expect(() => new Packing([short], { long: 'trim' as 'cut' })).toThrow(RangeError);
    expect(() => new Packing([short], { seed: 1 } as PackingOptions)).toThrow(/batches\({ random }\)/);
  });

  it('changes the digest with everything that training depends on', () => {
    const digests = [
      new Packing([short]),
      new Packing([short, short]),
      new Packing([example([1, 2, 3], [1, 2])]),
      new Packing([example([2, 2, 3], [2])]),
      new Packing([short], { maxLength: 100 }),
      new Packing([short], { batchTokens: 5 }),
      new Packing([short], { pack: false }),
      new Packing([short], { sharePrefix: false }),
      new Packing([short], { window: 9 }),
    ].map((packing) => packing.digest());
    expect(new Set(digests).size).toBe(digests.length);
    expect(new Packing([example([1, 2, 3, 9], [2])]).digest()).toBe(digests[0]);
  });
});
