import { describe, expect, it } from 'vitest';
import { combinations, optionsOf, variedOption } from '../../../bench/language/settings.js';

describe('variedOption', () => {
  it('reads an option and its values', () => {
    expect(variedOption('learning-rate=1e-4,2e-4')).toEqual(['learning-rate', ['1e-4', '2e-4']]);
    expect(variedOption('--seed=0')).toEqual(['seed', ['0']]);
  });

  it.each(['seed', 'seed=', 'seed=1,', '=1', 'Seed=1', ''])('refuses %j', (text) => {
    expect(() => variedOption(text)).toThrow(/--vary: must be an option and its values.*: /);
  });
});

describe('combinations', () => {
  it('are all, the last option varying fastest', () => {
    const all = combinations([
      ['rank', ['4', '8']],
      ['seed', ['0', '1']],
    ]);
    expect(all.map(optionsOf)).toEqual([
      ['--rank', '4', '--seed', '0'],
      ['--rank', '4', '--seed', '1'],
      ['--rank', '8', '--seed', '0'],
      ['--rank', '8', '--seed', '1'],
    ]);
  });

  it('are one where nothing varies', () => {
    expect(combinations([]).map(optionsOf)).toEqual([[]]);
  });
});
