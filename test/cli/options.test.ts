import { describe, expect, it } from 'vitest';
import { exitCodeOf, UsageError } from '../../src/cli/errors.js';
import { DEFAULTS, parseMnistOptions, type RawMnistOptions } from '../../src/cli/options.js';

function parse(given: Partial<RawMnistOptions>) {
  return parseMnistOptions({ ...DEFAULTS, ...given });
}

describe('parseMnistOptions', () => {
  it("gives the tutorial's values by default", () => {
    expect(parse({})).toEqual({
      device: 'auto',
      threads: 'auto',
      methods: ['parametrization', 'layer'],
      rank: 2,
      alpha: 1,
      digits: [2, 3, 5, 8, 9],
      replay: 0,
      base: undefined,
      adapter: undefined,
      resume: false,
      iterations: 200,
      epochs: 1,
      batchSize: 10,
      learningRate: 0.001,
      seed: 0,
      data: undefined,
      out: 'out',
      json: undefined,
      quiet: false,
    });
  });

  it('reads what a user may write', () => {
    expect(parse({ digits: ' 9, 0 ,4' }).digits).toEqual([0, 4, 9]);
    expect(parse({ threads: '4' }).threads).toBe(4);
    expect(parse({ digits: '7' }).digits).toEqual([7]);
    expect(parse({ method: 'layer' }).methods).toEqual(['layer']);
    expect(parse({ method: 'parametrization' }).methods).toEqual(['parametrization']);
    expect(parse({ learningRate: '1e-3' }).learningRate).toBe(0.001);
    expect(parse({ learningRate: '.5' }).learningRate).toBe(0.5);
    expect(parse({ alpha: '16.' }).alpha).toBe(16);
    expect(parse({ seed: '4294967295' }).seed).toBe(4294967295);
    expect(parse({ json: '-' }).json).toBe('-');
    expect(parse({ quiet: true }).quiet).toBe(true);
  });

  const integers = [
    ['rank', '--rank'],
    ['iterations', '--iterations'],
    ['epochs', '--epochs'],
    ['batchSize', '--batch-size'],
  ] as const;
  it.each([
    ['0', 'must be a positive integer'],
    ['all', 'must be a positive integer'],
    ['65', 'must be at most 64'],
  ])('refuses --threads %s', (threads, rule) => {
    expect(() => parse({ threads })).toThrow(new UsageError(`--threads: ${rule}: ${threads}`));
  });

  const noInteger = ['0', '-1', '+1', '1.5', '1e3', '12abc', '0x10', 'NaN', 'Infinity', ' 3', '３', '--seed'];
  const integerCases = integers.flatMap(([key, option]) => [
    ...noInteger.map((text) => [{ [key]: text }, `${option}: must be a positive integer: ${text}`] as const),
    [{ [key]: '' }, `${option}: must be a positive integer: (empty)`] as const,
    [{ [key]: '1000000001' }, `${option}: must be at most 1000000000: 1000000001`] as const,
  ]);

  const numbers = [
    ['alpha', '--alpha'],
    ['learningRate', '--learning-rate'],
  ] as const;
  const noNumber = [
    '0',
    '0.0',
    '-1',
    '+1',
    '1,5',
    '1e',
    'e5',
    '.',
    '12abc',
    '1e999',
    'NaN',
    'Infinity',
    '0x10',
  ];
  const numberCases = numbers.flatMap(([key, option]) => [
    ...noNumber.map((text) => [{ [key]: text }, `${option}: must be a number above 0: ${text}`] as const),
    [{ [key]: '' }, `${option}: must be a number above 0: (empty)`] as const,
  ]);

  const digitRule = '--digits: must be digits from 0 to 9 with commas between, such as 2,3,5';
  const digitCases = ['10', '-1', '2,', ',2', '2,,3', '2;3', '2 3', 'two', '2,3,x', '1.0', ','].map(
    (text) => [{ digits: text }, `${digitRule}: ${text}`] as const,
  );

  it.each([
    ...integerCases,
    ...numberCases,
    ...digitCases,
    [{ digits: '' }, `${digitRule}: (empty)`],
    [{ digits: '2,3,2' }, '--digits: must name each digit once, 2 appears twice: 2,3,2'],
    [{ seed: '-1' }, '--seed: must be a non-negative integer: -1'],
    [{ seed: '' }, '--seed: must be a non-negative integer: (empty)'],
    [{ seed: '4294967296' }, '--seed: must be at most 4294967295: 4294967296'],
    [{ device: 'gpu' }, '--device: must be one of auto, webgpu, wasm, reference: gpu'],
    [{ device: '' }, '--device: must be one of auto, webgpu, wasm, reference: (empty)'],
    [{ method: 'lora' }, '--method: must be one of parametrization, layer, both: lora'],
    [{ method: 'Layer' }, '--method: must be one of parametrization, layer, both: Layer'],
    [{ data: '' }, '--data: must be a path: (empty)'],
    [{ out: '' }, '--out: must be a path: (empty)'],
    [{ json: '' }, '--json: must be a path: (empty)'],
  ] satisfies (readonly [Partial<RawMnistOptions>, string])[])('refuses %j', (given, message) => {
    let thrown: unknown;
    try {
      parse(given);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(UsageError);
    expect(thrown).toHaveProperty('message', message);
    expect(exitCodeOf(thrown)).toBe(2);
  });
});
