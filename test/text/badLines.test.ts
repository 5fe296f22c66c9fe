/** Reasons and their counts. Oracle: counted by hand. */
import { describe, expect, it } from 'vitest';
import { reasonCounts, refusalOf } from '../../src/text/badLines.js';

const reasons = (...texts: string[]) => texts.map((reason, i) => ({ line: 10 + i, reason }));

describe('lines that are refused', () => {
  it('are counted by kind of error, regardless of values and places', () => {
    const bad = reasons(
      'messages[0].content: must be text: 1',
      'is not JSON: "}" expected at column 3, found ":"',
      'messages[3].content: must be text: "x: y"',
      'is not JSON: a value expected at column 7, found "]"',
      'messages[1].role: must be one of user: "x"',
      'messages[2].content: must be text: null',
      'chat template: raises: "no"',
    );
    expect(reasonCounts(bad).map(({ reason, count, lines }) => [reason, count, lines])).toEqual([
      ['messages.content: must be text', 3, [10, 12, 15]],
      ['is not JSON', 2, [11, 13]],
      ['messages.role: must be one of user', 1, [14]],
      ['chat template: raises', 1, [16]],
    ]);
  });

  it('make one error, of bounded length', () => {
    expect(refusalOf('x', reasons('a: b'), 9, 'left out').message).toBe(
      'x: 1 of 9 examples is refused (left out): line 10: a: b',
    );
    const many = reasons(...Array.from({ length: 700 }, (_, i) => `reason ${i % 7} ${'y'.repeat(5000)}`));
    const { message } = refusalOf('x', many, 800);
    expect(message).toContain(
      'x: 700 of 800 examples are refused (skipBad leaves them out): line 10: reason 0',
    );
    expect(message).toContain('(100 such: 10, 17, 24, 31, 38, …); line 11: reason 1');
    expect(message).toMatch(/; and 1 more reason$/);
    expect(message.length).toBeLessThan(3000);
  });
});
