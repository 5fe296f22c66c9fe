/** The presets' examples: what each set of them must keep, and their lengths by the real tokenizer. */
import { describe, expect, it } from 'vitest';
import { loadTokenizer, tokenizeChat } from '../../../src/text.js';
import { type Check, isRightOrder, PRESETS, passes, readOrder } from '../../../web/language/presets/index.js';
import { askedWords, talliesOf } from '../../../web/language/presets/tally.js';
import { hasRealModel, realModel } from '../../support/realModel.js';

const MOST_TOKENS = 256;

const plain = (text: string) =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, ' ')
    .trim();

const repeated = (texts: readonly string[]) => texts.filter((text, i) => texts.indexOf(text) !== i);

describe.each(PRESETS)('$name', ({ rows, probes, checks, system, about }) => {
  const prompts = rows.map(({ prompt }) => plain(prompt));

  it('asks each question once, and its probes are none of them', () => {
    expect(repeated([...prompts, ...probes.map(plain)])).toEqual([]);
    expect(probes.length).toBeGreaterThanOrEqual(6);
  });

  it('is checked by rows it has and questions it has not', () => {
    const known = new Map(rows.map(({ prompt, answer }) => [prompt, answer]));
    for (const check of checks) {
      if (check.kind === 'repeats') expect(known.get(check.prompt)).toBe(check.answer);
      else expect(probes).toContain(check.prompt);
    }
    expect(repeated(checks.map(({ prompt }) => prompt))).toEqual([]);
  });

  it('writes what a keyboard has, without spaces at the ends', () => {
    for (const text of rows.flatMap(({ prompt, answer }) => [prompt, answer]).concat(probes)) {
      expect(text).toMatch(/^[!-~](?:[ -~]*[!-~])?$/);
      expect(text).not.toMatch(/ {2}/);
    }
    expect(about).toMatch(/\.$/);
  });

  it.runIf(hasRealModel)('has rows far below the longest that is trained', async () => {
    const { tokenizer } = await loadTokenizer(realModel());
    for (const { prompt, answer } of rows) {
      const messages = [
        { role: 'user', content: prompt },
        { role: 'assistant', content: answer },
      ];
      const { ids } = tokenizeChat(tokenizer, messages, { system });
      expect(ids.length).toBeLessThanOrEqual(MOST_TOKENS);
    }
  });
});

const presetOf = (id: string) => {
  const preset = PRESETS.find((each) => each.id === id);
  if (!preset) throw new Error(`there is no preset ${id}`);
  return preset;
};

describe('the café', () => {
  const { rows, checks } = presetOf('cafe');

  it('has 24 facts, some of them asked another way, and 6 new questions', () => {
    const facts = checks.filter(({ kind }) => kind === 'repeats');
    const answers = rows.map(({ answer }) => answer);
    expect(new Set(answers).size).toBe(24);
    expect(facts.map((fact) => 'answer' in fact && fact.answer)).toEqual([...new Set(answers)]);
    expect(rows.length).toBe(42);
    expect(checks.length - facts.length).toBe(6);
  });

  it('looks for words of only one fact, which the rows ask in more than one way', () => {
    for (const check of checks) {
      if (check.kind !== 'says') continue;
      const found = rows.filter(({ answer }) => passes(check, answer));
      expect(new Set(found.map(({ answer }) => answer)).size).toBe(1);
      expect(found.length).toBeGreaterThanOrEqual(3);
    }
  });
});

describe('short answers', () => {
  const { rows, checks } = presetOf('short');

  it('gives each question one short sentence', () => {
    expect(rows.length).toBe(24);
    for (const { answer } of rows) expect(passes(checks[0], answer)).toBe(true);
  });

  it.each([
    ['It is a boat. It floats.'],
    ['It is a boat'],
    ['Here is a list:\n1. Boats.'],
    ['Boats'],
    [''],
    [`${'long '.repeat(15)}boats.`],
  ])('does not take %j for one', (answer) => {
    expect(passes(checks[0], answer)).toBe(false);
  });

  it.each([['It is a boat.'], ['About 3.5 boats fit in it.'], [' Yes! ']])('takes %j for one', (answer) => {
    expect(passes(checks[0], answer)).toBe(true);
  });
});

describe('orders', () => {
  const { rows, checks } = presetOf('orders');
  const check = checks[0] as Extract<Check, { kind: 'order' }>;

  it('has 30 orders, to go and for here, each as valid JSON', () => {
    expect(rows.length).toBe(30);
    const orders = rows.map(({ answer }) => readOrder(answer));
    expect(orders).not.toContain(undefined);
    expect(orders.filter((order) => order?.to_go).length).toBe(15);
    expect(checks.length).toBe(10);
  });

  it.each([
    ['{"items":[{"count":1,"name":"mocha"}],"to_go":"yes"}'],
    ['{"items":[{"count":1,"name":"mocha"}]}'],
    ['{"items":[],"to_go":true}'],
    ['{"items":[{"count":0,"name":"mocha"}],"to_go":true}'],
    ['{"items":[{"count":"1","name":"mocha"}],"to_go":true}'],
    ['{"items":[{"count":1,"name":""}],"to_go":true}'],
    ['{"items":[{"count":1,"name":"mocha","size":2}],"to_go":true}'],
    ['{"items":[{"count":1,"name":"mocha"}],"to_go":true,"when":1}'],
    ['Sure! {"items":[{"count":1,"name":"mocha"}],"to_go":true}'],
    ['null'],
  ])('does not take %j for valid', (answer) => {
    expect(passes(check, answer)).toBe(false);
  });

  it('distinguishes the right order from another valid one', () => {
    const right = JSON.stringify(check.order);
    const turned = JSON.stringify({ ...check.order, items: [...check.order.items].reverse() });
    const other = JSON.stringify({ ...check.order, to_go: !check.order.to_go });
    expect([right, turned, other].map((answer) => passes(check, answer))).toEqual([true, true, true]);
    expect([right, turned, other].map((answer) => isRightOrder(check.order, answer))).toEqual([
      true,
      true,
      false,
    ]);
  });
});

describe('what the checks come to', () => {
  const checks = presetOf('orders').checks.slice(0, 2);
  const [first, second] = checks.map((check) => (check.kind === 'order' ? JSON.stringify(check.order) : ''));
  const valid = 'orders written as valid JSON';

  it('counts answers before and after, and for orders also the right ones', () => {
    const tallies = talliesOf([
      { check: checks[0], before: 'Sure! Here it is.', after: first },
      // Valid, but of another order.
      { check: checks[1], before: 'I am happy to help.', after: first },
    ]);
    expect(first).not.toBe(second);
    expect(tallies).toEqual([
      { name: `new ${valid}`, before: 0, after: 2, of: 2 },
      { name: 'new orders with exactly what was said', before: 0, after: 1, of: 2 },
    ]);
  });

  it('leaves out what was not answered on both sides', () => {
    const tallies = talliesOf([
      { check: checks[0], before: first, after: first },
      { check: checks[1], before: second, after: undefined },
    ]);
    expect(tallies.map(({ of }) => of)).toEqual([1, 1]);
    expect(talliesOf([])).toEqual([]);
  });

  it('is named by what is asked', () => {
    expect(PRESETS.map((preset) => askedWords(preset.checks))).toEqual([
      '24 facts and 6 reworded questions',
      '10 new questions',
      '10 held-out orders',
    ]);
    expect(askedWords([{ kind: 'says' }])).toBe('1 reworded question');
  });
});
