/** The output of `lowrank train --json`. The shape is a contract: programs read it. */
import type { LanguageScores } from '../../models/evaluateLanguageModel.js';
import type { RunMetrics } from './runMetrics.js';
import type { TrainOutcome } from './trainLoop.js';
import type { TrainCommand } from './trainOptions.js';
import { comparisonOf } from './trainReport.js';
import type { TrainSetup } from './trainSetup.js';

export function trainSummary(
  { model: path }: TrainCommand,
  setup: TrainSetup,
  outcome: TrainOutcome,
  metrics: RunMetrics,
) {
  const { device, reason, parameters, trainable, rows, data } = setup;
  const { examples, tokens, trainedTokens } = rows.report;
  const { train } = data.summary;
  const keep = comparisonOf(outcome.keepBefore, outcome.keepAfter);
  const perSecond = (count: number) => (outcome.stepSeconds > 0 ? count / outcome.stepSeconds : 0);
  return {
    device: { name: device.name, features: [...device.features], reason },
    model: { path, parameters, precision: setup.model.precision },
    trainable,
    data: {
      ...{ examples, tokens, trainedTokens },
      refused: data.summary.files.reduce((sum, { refused }) => sum + refused, 0) + (train?.dropped ?? 0),
      cut: train?.cut ?? 0,
    },
    steps: outcome.steps,
    losses: metrics.steps.map(({ loss }) => loss),
    validation: metrics.validations.map(({ step, loss, perplexity, bitsPerByte, accuracy }) => {
      return { step, loss, perplexity, bitsPerByte, accuracy };
    }),
    before: scoresOf(outcome.before),
    after: scoresOf(outcome.after),
    best: outcome.best ?? null,
    keep: keep ? { better: keep.better, same: keep.same, worse: keep.worse } : null,
    samples: outcome.samples.map(({ prompt, base, adapted }) => {
      return { line: prompt.line, prompt: prompt.text, base, adapted };
    }),
    seconds: outcome.seconds,
    trainedTokensPerSecond: perSecond(outcome.trainedTokens),
    tokensPerSecond: perSecond(outcome.tokens),
    peakBytes: device.memory().peakBytes,
    peakResidentBytes: process.resourceUsage().maxRSS * 1024,
  };
}

function scoresOf(scores: LanguageScores | undefined): LanguageScores | null {
  if (!scores) return null;
  const { loss, perplexity, bitsPerByte, accuracy, tokens } = scores;
  return { loss, perplexity, bitsPerByte, accuracy, tokens };
}
