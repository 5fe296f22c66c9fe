/** How the bench of the presets reads its options and counts answers. */
import { CommanderError } from 'commander';
import { describe, expect, it, vi } from 'vitest';
import { type Asked, conversation, rightOrders, score } from '../../bench/presets/asking.js';
import { parseOptions } from '../../bench/presets/options.js';
import type { Order } from '../../web/language/presets/index.js';

const order: Order = { items: [{ count: 2, name: 'latte' }], to_go: true };

const asked: readonly Asked[] = [
  { check: { kind: 'says', prompt: 'a', words: 'b' }, answer: 'b', isRight: true },
  { check: { kind: 'says', prompt: 'c', words: 'd' }, answer: 'b', isRight: false },
  { check: { kind: 'order', prompt: 'e', order }, answer: JSON.stringify(order), isRight: true },
  {
    check: { kind: 'order', prompt: 'f', order },
    answer: JSON.stringify({ ...order, to_go: false }),
    isRight: true,
  },
];

describe('what was learned', () => {
  it('is counted by kind, and not shown for kinds that a preset does not have', () => {
    expect(score(asked, 'says')).toBe('1/2');
    expect(score(asked, 'order')).toBe('2/2');
    expect(score(asked, 'repeats')).toBe('');
  });

  it('distinguishes right orders from valid ones', () => {
    expect(rightOrders(asked)).toBe('1/2');
    expect(rightOrders(asked.slice(0, 2))).toBe('');
  });

  it('is asked only with the system message of the preset', () => {
    expect(conversation(undefined, 'p')).toEqual([{ role: 'user', content: 'p' }]);
    expect(conversation('s', 'p', 'a').map(({ role }) => role)).toEqual(['system', 'user', 'assistant']);
  });
});

describe('the options', () => {
  it('are numbers and names, with the defaults of a quick lesson', () => {
    const options = parseOptions([
      '--preset',
      'orders',
      '--rate',
      '2e-3',
      '--passes',
      '4',
      '--replay',
      '0.25',
    ]);
    expect(options).toMatchObject({
      preset: 'orders',
      rate: 2e-3,
      passes: 4,
      replay: 0.25,
      rank: 8,
      batch: 4,
    });
  });

  it.each([
    ['--preset', 'tea'],
    ['--rate', '0'],
    ['--rate', 'fast'],
    ['--passes', '1.5'],
    ['--replay', '1'],
    ['--seed', '-1'],
    ['--sizes', '3'],
  ])('refuse %s %s', (...words) => {
    const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    expect(() => parseOptions(words)).toThrow(CommanderError);
    written.mockRestore();
  });
});
