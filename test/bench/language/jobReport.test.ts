import { expect, it } from 'vitest';
import { type JobRun, renderJob } from '../../../bench/language/jobReport.js';
import type { TrainFigures } from '../../../bench/language/trainRun.js';

const scores = (loss: number) => ({
  loss,
  perplexity: Math.exp(loss),
  bitsPerByte: 1,
  accuracy: 0.5,
  tokens: 9,
});

const figures: TrainFigures = {
  device: { name: 'wasm', reason: 'r' },
  data: { examples: 3, tokens: 30, trainedTokens: 9 },
  ...{ steps: 32, losses: [], validation: [], before: scores(4), after: scores(2), best: 30 },
  keep: { better: 7, same: 8, worse: 9 },
  samples: [{ prompt: 'A | b\nc?', base: 'No\n\nno', adapted: '*yes*' }],
  ...{
    seconds: 119.6,
    trainedTokensPerSecond: 1,
    tokensPerSecond: 2,
    peakBytes: 540e6,
    peakResidentBytes: 6e8,
  },
};

const data = {
  name: 'chat',
  title: 'Chat',
  figures: {
    train: { examples: 160 },
    valid: { examples: 60 },
    duplicates: { counts: { same: 48, nearlySame: 1, samePrompt: 2 } },
  },
};

const run = (settings: Record<string, string>, change: Partial<JobRun> = {}): JobRun => {
  return {
    data: 'chat',
    settings: new Map(Object.entries(settings)),
    figures,
    answers: undefined,
    ...change,
  };
};

it('shows one run with all its scores and samples', () => {
  expect(renderJob({ data: [data], runs: [run({})], peers: [] })).toBe(
    `- Chat: 160 examples, 60 held out; of these 48 are also in training, 1 but for case, spaces and punctuation, 2 with the same prompt only.

| Data | Steps | Loss before | after | Accuracy before | after | Best step | Kept: better/same/worse | Time | Device memory |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
| chat | 32 | 4.0000 | 2.0000 | 50.0 % | 50.0 % | 30 | 7/8/9 | 2:00 min | 540 MB |

| Held-out examples | before | after |
| --- | ---: | ---: |
| Loss (nats per trained token) | 4.0000 | 2.0000 |
| Perplexity | 54.60 | 7.39 |
| Bits per byte | 1.0000 | 1.0000 |
| Token accuracy | 50.0 % | 50.0 % |

| Chat: prompt | base | adapted |
| --- | --- | --- |
| A \\| b c? | No no | \\*yes\\* |
`,
  );
});

it('shows what varies, what was not measured, and the peer', () => {
  const bare = { ...figures, before: null, after: null, keep: null, best: null, samples: [] };
  const text = renderJob({
    data: [data],
    runs: [
      run({ rank: '4' }, { figures: bare, answers: { total: 8, base: 0, adapted: 5 } }),
      run({ rank: '8', seed: '1' }, { figures: bare }),
    ],
    peers: [
      {
        data: 'chat',
        options: {
          ...{ threads: 2, batchSize: 8, passes: 2, learningRate: 5e-4, schedule: 'constant', seed: 0 },
        },
        figures: {
          versions: { peft: '0.21.2', transformers: '5.24.0', torch: '2.13.0' },
          ...{ steps: 40, tokens: 7764, losses: [4.1, 2.2, 1.9], seconds: 61, peakResidentBytes: 3e9 },
        },
      },
    ],
  });
  expect(text).toContain(
    '| chat | 4 | – | 32 | – | – | – | – | – | – | 0/8 | 5/8 | 2:00 min | 540 MB |\n' +
      '| chat | 8 | 1 | 32 | – | – | – | – | – | – | – | – | 2:00 min | 540 MB |\n',
  );
  expect(text).toContain(
    '| PEFT 0.21.2, PyTorch 2.13.0 | chat | 8 | 0.0005, constant | 40 | 4.1000 | 1.9000 | 1:01 min | 3000 MB |',
  );
  expect(text).not.toContain('prompt | base');
});
