import { describe, expect, it } from 'vitest';
import { judgeLosses, judgeTokens } from '../../../bench/language/judges.js';

describe('judgeLosses', () => {
  const judge = (answers: Record<string, number[]>) =>
    judgeLosses(new Map(Object.entries(answers)), ['peer'], (name) => (name === 'loose' ? 0.1 : 0.001));

  it('compares with the peer, within the bound of each', () => {
    const wrong = judge({ right: [4.0039, 2], off: [4.0041, 2], loose: [4.39, 1.81], peer: [4, 2] });
    expect([...wrong.keys()]).toEqual(['off']);
    expect(wrong.get('off')).toBe('losses 4.00410, 2.00000, but 4.00000, 2.00000 of peer');
  });

  it('compares with the first where there is no peer', () => {
    expect([...judge({ first: [4], second: [4.1] }).keys()]).toEqual(['second']);
  });

  it.each([
    ['other steps', [4]],
    ['none', []],
    ['no number', [4, Number.NaN]],
  ])('finds %s wrong', (_, losses) => {
    expect([...judge({ other: losses, peer: [4, 2] }).keys()]).toEqual(['other']);
  });

  it('finds all wrong that have no losses', () => {
    expect([...judge({ peer: [] }).keys()]).toEqual(['peer']);
  });
});

describe('judgeTokens', () => {
  const judge = (answers: Record<string, number[]>) =>
    judgeTokens(new Map(Object.entries(answers)), ['ours']);

  it('requires the same tokens, and the same number', () => {
    const wrong = judge({ peer: [1, 3], ours: [1, 2], short: [1], same: [1, 2] });
    expect([...wrong]).toEqual([
      ['peer', 'tokens 1,3, but 1,2 of ours'],
      ['short', 'tokens 1, but 1,2 of ours'],
    ]);
  });

  it('finds an empty answer wrong', () => {
    expect([...judge({ ours: [] }).keys()]).toEqual(['ours']);
  });
});
