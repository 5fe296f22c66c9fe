import { describe, expect, it } from 'vitest';
import { parseOptions } from '../../../bench/language/options.js';

const parse = (words: string) =>
  parseOptions(
    words.split(' ').filter((word) => word !== ''),
    () => {},
  );

describe('parseOptions', () => {
  it('measures everything by default', () => {
    const { rows, rounds, threads, quick, variants, clock, md } = parse('');
    expect({ rows, rounds, threads, quick, clock, md }).toEqual({
      ...{
        rows: ['job', 'row', 'text', 'browser', 'threads', 'scaling'],
        rounds: 5,
        threads: 2,
        quick: false,
        clock: 'wall',
        md: undefined,
      },
    });
    expect(variants).toEqual([
      { build: 'simd', precision: 'exact' },
      { build: 'simd', precision: 'fast' },
      { build: 'relaxed', precision: 'exact' },
      { build: 'relaxed', precision: 'fast' },
    ]);
  });

  it('has fewer rounds when it is quick, but those that are asked for', () => {
    expect(parse('--quick').rounds).toBe(2);
    expect(parse('--quick --rounds 7').rounds).toBe(7);
  });

  it('takes some rows, builds and precisions, each once and in their order', () => {
    const { rows, variants } = parse('--only text,job,text --builds relaxed --precisions fast');
    expect(rows).toEqual(['job', 'text']);
    expect(variants).toEqual([{ build: 'relaxed', precision: 'fast' }]);
  });

  it('takes files, threads and the clock', () => {
    const options = parse('--json a.json --md b.md --compare c.json --threads 1 --clock cpu');
    expect(options).toMatchObject({
      json: 'a.json',
      md: 'b.md',
      compare: 'c.json',
      threads: 1,
      clock: 'cpu',
    });
  });

  it.each([
    ['--only', 'rows', /must be of job, row, .*: rows/],
    ['--only', 'job,', /must be of .*: \(empty\)/],
    ['--builds', 'debug', /must be of simd, relaxed: debug/],
    ['--rounds', '0', /whole number from 1 to 100/],
    ['--rounds', '1.5', /whole number/],
    ['--threads', '9', /whole number from 1 to 8/],
    ['--clock', 'sun', /must be of wall, cpu: sun/],
    ['--fast', 'yes', /unknown option '--fast'/],
  ])('refuses %s %s', (option, value, message) => {
    expect(() => parse(`${option} ${value}`)).toThrow(message);
  });

  it('refuses words that are not options', () => {
    expect(() => parse('job')).toThrow(/too many arguments/);
  });
});
