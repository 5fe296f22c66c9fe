import { expect, it } from 'vitest';
import type { Figure, MetricResult } from '../../../bench/language/results.js';
import { type Report, toMarkdown } from '../../../bench/language/table.js';

const figure = (contender: string, median: number, change: Partial<Figure> = {}): Figure => {
  return {
    ...{
      name: contender,
      contender,
      how: `as_${median}`,
      unit: 'tokens/s',
      median,
      spreadPercent: 1,
      samples: 3,
    },
    ...{ quartiles: [median - 1, median + 1], values: [], peakBytes: undefined, standings: [] },
    ...change,
  };
};

const metric: MetricResult = {
  ...{ title: 'Decode', unit: 'tokens/s', clock: 'cpu' },
  figures: [
    figure('lowrank simd, exact', 114.2, {
      peakBytes: 123_456_789,
      standings: [
        { against: 'the same file: llama.cpp Q4_1', bound: 1.3, isMost: false, ratio: 1.3, isMet: true },
        { against: 'llama.cpp Q8_0', bound: 2.05, isMost: true, ratio: 2.104, isMet: false },
        { against: 'llama.cpp Q4_0', isMost: false, ratio: 0.5 },
      ],
    }),
    figure('llama.cpp Q4_1', 8.756),
  ],
  wrong: [['wllama', 'tokens 1|2']],
};

const report: Report = {
  date: '2026-11-29T09:00:00.000Z',
  machine: { cpu: 'EPYC', cores: 2, node: 'v20' },
  ...{ model: 'm.gguf', rounds: 3, metrics: [metric], checked: ['same tokens', 'same tokens', 'losses'] },
  leftOut: ['PEFT: python3 has no torch', 'PEFT: python3 has no torch'],
};

it('shows figures, their goals, what was checked and what is missing', () => {
  expect(toMarkdown(report)).toBe(`EPYC, 2 cores, Node v20, 2026-11-29; m.gguf.

Medians and quartiles of 3 rounds in which the contenders take turns; ratios are medians of those of each round. Memory is the peak of the whole process.

### Decode

| Contender | tokens/s (CPU time) | Quartiles | Memory | Against |
| --- | ---: | ---: | ---: | ---: |
| lowrank simd, exact | 114 | 113 to 115 | 123 MB | 1.30 × the same file: llama.cpp Q4_1 (goal ≥ 1.3 ×: met)<br>2.10 × llama.cpp Q8_0 (goal ≤ 2.05 ×: missed)<br>0.50 × llama.cpp Q4_0 |
| llama.cpp Q4_1 | 8.76 | 7.76 to 9.76 | – | – |
| wllama | wrong | – | – | tokens 1\\|2 |

- lowrank simd, exact: as\\_114.2
- llama.cpp Q4_1: as\\_8.756
- checked first: same tokens
- checked first: losses
- left out: PEFT\\: python3 has no torch
`);
});

it('says nothing of CPU time where the wall clock was read', () => {
  const text = toMarkdown({ ...report, rounds: 1, metrics: [{ ...metric, clock: 'wall' }] });
  expect(text).toContain('| Contender | tokens/s | Quartiles |');
  expect(text).toContain('of 1 round in');
});

it('leaves out metrics without any figures', () => {
  const none = { ...metric, title: 'Prompt', figures: [], wrong: [] };
  expect(toMarkdown({ ...report, metrics: [none, metric] })).not.toContain('Prompt');
});
