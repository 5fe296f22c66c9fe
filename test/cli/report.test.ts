import { describe, expect, it } from 'vitest';
import { renderDevices } from '../../src/cli/devices.js';
import { duration, percent, rate, signed } from '../../src/cli/format.js';
import { type AdaptedSummary, jsonText, type MnistSummary } from '../../src/cli/json.js';
import type { MnistRun } from '../../src/cli/mnist.js';
import { PLAIN, paintFor } from '../../src/cli/paint.js';
import { renderReport } from '../../src/cli/report.js';

/** PyTorch's run of the job with seed 0. */
const BASE = [69, 25, 145, 105, 116, 123, 40, 243, 102, 104];
const METHOD_1 = [163, 186, 116, 97, 644, 103, 419, 624, 57, 52];
const METHOD_2 = [192, 673, 100, 114, 594, 105, 531, 845, 59, 63];
const IMAGES = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009];

const score = (wrong: number[]) => ({ wrong, accuracy: 1 - wrong.reduce((a, b) => a + b) / 10000 });
const facts = { meanLoss: 0.47614, iterations: 6000, iterationsPerSecond: 1512.4 };

function adaptation(trainableParameters: number, wrong: number[], disabled = BASE): AdaptedSummary {
  return {
    totalParameters: 238270,
    trainableParameters,
    trainablePercent: (100 * trainableParameters) / 235146,
    rank: 2,
    alpha: 1,
    ...{ meanLoss: 0.31, iterations: 200, iterationsPerSecond: 87.31 },
    adapted: score(wrong),
    disabled: score(disabled),
  };
}

const SUMMARY: MnistSummary = {
  device: {
    name: 'wasm',
    features: ['simd'],
    reason: 'the fastest device of this runtime: WebAssembly SIMD',
  },
  seed: 0,
  base: { parameters: 235146, ...score(BASE), ...facts },
  parametrization: adaptation(3124, METHOD_1),
  layer: adaptation(3518, METHOD_2),
};
const RUN: MnistRun = { summary: SUMMARY, digits: [2, 3, 5, 8, 9], images: IMAGES };

function rowOf(report: string, label: string): string {
  const row = report.split('\n').find((line) => line.startsWith(`│ ${label} `));
  return (row ?? '').replace(/[│\s]+/g, ' ').trim();
}

describe('renderReport', () => {
  const report = renderReport(RUN, PLAIN);

  it('fits in 100 columns and is plain text', () => {
    for (const line of report.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
    expect(report).not.toContain('\u001b');
    expect(report.endsWith('.\n')).toBe(true);
  });

  it('counts the parameters as the tutorial does, with the facts of the training', () => {
    expect(rowOf(report, 'base')).toBe('base 235,146 235,146 100.00 % 6,000 0.4761 1,512');
    expect(rowOf(report, 'parametrization')).toBe('parametrization 238,270 3,124 1.33 % 200 0.3100 87.3');
    expect(rowOf(report, 'layer')).toBe('layer 238,270 3,518 1.50 % 200 0.3100 87.3');
  });

  it('has base, adapted and switched off side by side, the adapted digits marked', () => {
    expect(rowOf(report, '0')).toBe('0 980 69 163 (+94) 69 192 (+123) 69');
    expect(rowOf(report, '2 *')).toBe('2 * 1,032 145 116 (−29) 145 100 (−45) 145');
    expect(rowOf(report, '3 *')).toBe('3 * 1,010 105 97 (−8) 105 114 (+9) 105');
    const marked = [...report.matchAll(/│ (\d) \*/g)].map(([, digit]) => Number(digit));
    expect(marked).toEqual([2, 3, 5, 8, 9]);
  });

  it('sums over the adapted digits and over the others, and gives the accuracy', () => {
    expect(rowOf(report, 'all *')).toBe('all * 4,917 579 425 (−154) 579 441 (−138) 579');
    expect(rowOf(report, 'all others')).toBe('all others 5,083 493 2,036 (+1,543) 493 2,835 (+2,342) 493');
    expect(rowOf(report, 'accuracy')).toBe(
      'accuracy 10,000 89.28 % 75.39 % (−13.89) 89.28 % 67.24 % (−22.04) 89.28 %',
    );
  });

  it('says what was gained and what was forgotten', () => {
    expect(report).toContain('parametrization: 154 images gained on the adapted digits (579 → 425 wrong),');
    expect(report).toContain('1,543 images forgotten on the others (493 → 2,036 wrong).');
    expect(report).toContain('layer:           138 images gained on the adapted digits (579 → 441 wrong),');
    expect(report).toContain('Switched off, the base is back: 1,072 wrong, the same for every digit.');
  });

  it('says so when nothing was gained, or the base did not come back', () => {
    const worse = [...BASE];
    worse[2] += 1;
    const { parametrization: _, ...rest } = SUMMARY;
    const summary = { ...rest, layer: adaptation(3518, worse, METHOD_1) };
    const odd = renderReport({ ...RUN, summary }, PLAIN);
    expect(odd).toContain('layer: 1 image forgotten on the adapted digits (579 → 580 wrong),');
    expect(odd).toContain('nothing changed on the others (493 wrong).');
    expect(odd).toContain("Switched off, layer did not give the base's answers again.");
    expect(odd).not.toContain('parametrization');
  });

  it('leaves the others out when there are none', () => {
    const all = renderReport({ ...RUN, digits: [...BASE.keys()] }, PLAIN);
    expect(all).not.toContain('others');
    expect(all).toContain('images forgotten on the adapted digits (1,072 → 2,461 wrong).');
  });

  it('paints what got better green and what got worse red, without moving a column', () => {
    const painted = renderReport(RUN, (style, text) => `<${style}>${text}</>`);
    expect(painted).toMatch(/<green> +\(−29\)<\/>/);
    expect(painted).toMatch(/<red> +\(\+94\)<\/>/);
    const ansi = renderReport(RUN, (_style, text) => `\u001b[1m${text}\u001b[22m`);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape is what is taken away
    expect(ansi.replace(/\u001b\[\d+m/g, '')).toBe(report);
  });
});

it('paintFor leaves text plain where there is no terminal', () => {
  const paint = paintFor({ isTTY: false, hasColors: () => true } as unknown as NodeJS.WriteStream); // the only part that it reads
  expect(paint('red', 'x')).toBe('x');
});

it('jsonText keeps lists on one line and gives back the same object', () => {
  expect(JSON.parse(jsonText(SUMMARY))).toEqual(SUMMARY);
  expect(jsonText(SUMMARY)).toContain('"wrong": [69, 25, 145, 105, 116, 123, 40, 243, 102, 104]');
  const reason = 'odd [\n  1,\n  2\n] reason';
  const odd = { ...SUMMARY, device: { name: 'wasm', features: [], reason } };
  expect(JSON.parse(jsonText(odd))).toEqual(odd);
});

it('renderDevices says of each device whether it is available and why', () => {
  const text = renderDevices(
    [
      { name: 'webgpu', available: false, chosen: false, features: [], reason: 'webgpu: no adapter' },
      { name: 'wasm', available: true, chosen: true, features: ['simd'], reason: 'WebAssembly SIMD' },
    ],
    PLAIN,
  );
  expect(rowOf(text, 'webgpu')).toBe('webgpu no no adapter');
  expect(rowOf(text, 'wasm')).toBe('wasm yes chosen simd WebAssembly SIMD');
});

it('formats numbers for readers', () => {
  expect([signed(-1543), signed(9), signed(0), signed(-0.004, 2), signed(-13.89, 2)]).toEqual([
    '−1,543',
    '+9',
    '±0',
    '±0.00',
    '−13.89',
  ]);
  expect(percent(0.8928)).toBe('89.28 %');
  expect([rate(9.84), rate(1512.4)]).toEqual(['9.8', '1,512']);
  expect([0.04, 9.96, 59.6, 125, 3599.7, 3725].map(duration)).toEqual([
    '0.0 s',
    '10 s',
    '1:00 min',
    '2:05 min',
    '1:00:00 h',
    '1:02:05 h',
  ]);
});

describe('renderReport of a replay from a file', () => {
  it('says what replay saved, and where base and adapter came from', () => {
    const replay = { fraction: 0.125, images: 100, without: { ...facts, adapted: score(METHOD_2) } };
    const layer = { ...adaptation(3518, METHOD_1), replay, from: 'old/layer' };
    const base = { parameters: 235146, file: 'b.safetensors', ...score(BASE) };
    const { device, seed } = SUMMARY;
    const report = renderReport({ ...RUN, summary: { device, seed, base, layer } }, PLAIN);
    expect(report).toContain('rank 2 and alpha 1, replay of 12.5 %, from old/layer\n');
    expect(rowOf(report, 'base')).toBe('base 235,146 235,146 100.00 %');
    // Without replay 2,835 of the others are wrong and 493 were; with it 2,036. Of the adapted, 441 and 425.
    expect(report).toContain('Replay of 12.5 %: 799 of 2,342 forgotten images saved, 16 more gained.');
  });
});
