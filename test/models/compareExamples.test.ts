/** Comparison of evaluations. Oracle: counted by hand. */
import { describe, expect, it } from 'vitest';
import { compareExamples } from '../../src/models/compareExamples.js';
import type { LanguageEvaluation } from '../../src/models/evaluateLanguageModel.js';

/** An evaluation of which only the examples matter. */
const evaluation = (losses: readonly number[], tokens = 4): LanguageEvaluation => ({
  loss: 0,
  perplexity: 1,
  bitsPerByte: 0,
  accuracy: 0,
  tokens: tokens * losses.length,
  examples: losses.map((loss) => ({ loss, tokens, correct: 0 })),
});

const BEFORE = evaluation([2, 1, 1, 0.5, 3, 1.25, 2, 2.5, 0.75]);
const AFTER = evaluation([1, 1.009, 0.992, 0.75, 3.5, 4.25, 1.5, 2.625, 1.75]);

describe('compareExamples', () => {
  it('counts better, same and worse, and names the five worst', () => {
    const { better, same, worse, changes, worst } = compareExamples(BEFORE, AFTER);
    expect({ better, same, worse }).toEqual({ better: 2, same: 2, worse: 5 });
    expect(changes).toHaveLength(9);
    expect(changes[0]).toEqual({ example: 0, before: 2, after: 1, change: -1 });
    expect(worst.map(({ example, change }) => [example, change])).toEqual([
      [5, 3],
      [8, 1],
      [4, 0.5],
      [3, 0.25],
      [7, 0.125],
    ]);
    expect(compareExamples(AFTER, BEFORE)).toMatchObject({ better: 5, same: 2, worse: 2 });
  });

  it('takes a tolerance, and lists fewer or none', () => {
    const wide = compareExamples(BEFORE, AFTER, { tolerance: 0.25, worst: 2 });
    expect(wide).toMatchObject({ better: 2, same: 4, worse: 3 });
    expect(wide.worst.map(({ example }) => example)).toEqual([5, 8]);
    expect(compareExamples(BEFORE, AFTER, { tolerance: 0 })).toMatchObject({ better: 3, same: 0, worse: 6 });
    expect(compareExamples(BEFORE, BEFORE)).toMatchObject({ better: 0, same: 9, worse: 0, worst: [] });
    expect(compareExamples(BEFORE, AFTER, { worst: 0 }).worst).toEqual([]);
  });

  it('refuses other examples, and options out of range', () => {
    expect(() => compareExamples(BEFORE, evaluation([1]))).toThrow(
      'compareExamples: the examples must be the same: 9 before, 1 after',
    );
    expect(() => compareExamples(evaluation([1]), evaluation([1], 3))).toThrow(
      'examples[0] has 4 trained tokens before, 3 after',
    );
    expect(() => compareExamples(BEFORE, AFTER, { tolerance: -1 })).toThrow(RangeError);
    expect(() => compareExamples(BEFORE, AFTER, { worst: 1.5 })).toThrow(RangeError);
    expect(() => compareExamples(BEFORE, AFTER, { worsts: 2 } as object)).toThrow('worst');
  });
});
