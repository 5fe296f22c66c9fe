/** Patterns as Python's `re` matches them; the oracle is Python, by make_patterns.py. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PythonPattern, StepBudget } from '../../src/lora/pythonPattern.js';

interface PatternCases {
  readonly texts: readonly string[];
  /** A digit a text: 1 where the beginning matches, 2 where the whole does; null where Python refuses the pattern. */
  readonly verdicts: Readonly<Record<string, string | null>>;
}

// make_patterns.py wrote it.
const { written, drawn } = JSON.parse(
  readFileSync(new URL('../fixtures/pythonPatterns.json', import.meta.url), 'utf8'),
) as Record<'written' | 'drawn', PatternCases>;

/** What Python knows and is refused by its name, never matched otherwise. */
const UNSUPPORTED = /references to groups|only letters of ASCII|verbose patterns|names of characters|\(\?t\)/;

function verdict(source: string, texts: readonly string[]): string | null {
  try {
    const pattern = new PythonPattern(source);
    return texts.map((t) => (pattern.matchesWhole(t) ? '2' : pattern.matchesStart(t) ? '1' : '0')).join('');
  } catch (error) {
    expect(error).toBeInstanceOf(RangeError);
    return (error as Error).message;
  }
}

describe('patterns of Python', () => {
  it.each([
    ['written', written],
    ['drawn', drawn],
  ])('match what Python matches: %s', (_, { texts, verdicts }) => {
    const all = Object.entries(verdicts);
    expect(all.length).toBeGreaterThan(200);
    let unsupported = 0;
    for (const [source, expected] of all) {
      const found = verdict(source, texts);
      if (expected === null) expect(found, source).toMatch(/^not a regular expression that can be matched: /);
      else if (UNSUPPORTED.test(found ?? '')) unsupported++;
      else expect(found, source).toBe(expected);
    }
    expect(unsupported).toBeLessThanOrEqual(6);
  });

  const path = 'model.layers.12.self_attn.q_proj';

  it.each(['(?:.*){200}!', '(a*)*b', '(.*.*.*)*x', `${'(.*)*'.repeat(20)}!`])(
    'decide in few steps where backtracking takes for ever: %s',
    (source) => {
      const budget = new StepBudget();
      const before = budget.left;
      expect(new PythonPattern(source).matchesWhole(path, budget)).toBe(false);
      expect(before - budget.left).toBeLessThan(500_000);
    },
  );

  it.each([
    ['groups are nested more than 100 deep', '('.repeat(50_000) + ')'.repeat(50_000)],
    ['it is too large', 'a'.repeat(100_000)],
    ['it is too large', '((a{1000}){1000}){1000}'],
    ['a ( has no )', '(?:'.repeat(90)],
  ])('are refused, cut to a line, when %s', (reason, source) => {
    const message = verdict(source, []) ?? '';
    expect(message).toContain(`not a regular expression that can be matched: ${reason}: "`);
    expect(message.length).toBeLessThan(200);
  });

  it('are refused when they take too many steps, which all patterns of a config share', () => {
    const nested = new PythonPattern(`${'(?=(.*|.*|.*|.*)'.repeat(50)}x${')'.repeat(50)}`);
    const budget = new StepBudget();
    expect(() => nested.matchesWhole(path, budget)).toThrow(
      /^regular expression cannot be matched: it takes too many steps: "\(\?=.{0,60}…"$/,
    );
    expect(() => new PythonPattern('a').matchesWhole('a', budget)).toThrow('it takes too many steps');
  });
});
