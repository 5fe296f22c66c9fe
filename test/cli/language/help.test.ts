/** The help of the commands on language models. */
import { describe, expect, it } from 'vitest';
import { wideHelp } from './collect.js';

describe.each(['train', 'chat', 'data', 'eval', 'export', 'generate'])('lowrank %s --help', (name) => {
  it('has at most 80 columns, and no empty lists', () => {
    const { help, wide } = wideHelp(name);
    expect(help).toContain('Exit codes:');
    expect(help).not.toContain('[]');
    expect(wide).toEqual([]);
  });
});
