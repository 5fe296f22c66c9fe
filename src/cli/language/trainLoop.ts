/** A training run from its first measurement to its last: before, the steps, after. */
import { withAdapterDisabled } from '../../core.js';
import type { LanguageEvaluation } from '../../models/evaluateLanguageModel.js';
import { type SamplePrompt, samplePrompts } from './sampleAnswers.js';
import { answer, evaluated } from './trainMeasure.js';
import type { UsedExamples } from './trainSetup.js';
import { type Run, TrainSteps } from './trainSteps.js';

export interface Sampled {
  readonly prompt: SamplePrompt;
  readonly base: string;
  readonly adapted: string;
}

export interface TrainOutcome {
  /** Undefined without examples for validation; likewise of the keep set. */
  readonly before: LanguageEvaluation | undefined;
  readonly after: LanguageEvaluation | undefined;
  readonly keepBefore: LanguageEvaluation | undefined;
  readonly keepAfter: LanguageEvaluation | undefined;
  readonly samples: readonly Sampled[];
  readonly steps: number;
  /** The step with the best validation; undefined without any. */
  readonly best: number | undefined;
  readonly isStopped: boolean;
  /** Seconds that the steps of this call took; `seconds` is its total time. */
  readonly stepSeconds: number;
  readonly seconds: number;
  readonly trainedTokens: number;
  readonly tokens: number;
}

/** @throws DataError with the lines of the examples where the loss or a gradient is not finite; the folder has the last good adapter */
export async function trainAdapter(run: Run): Promise<TrainOutcome> {
  const { setup, options } = run;
  const { model, valid, keep, data } = setup;
  const begun = performance.now();
  const measure = (name: string, used: UsedExamples | undefined) =>
    used && evaluated(run, name, used.examples);
  const before = await measure('measure before', valid);
  const keepBefore = await measure('measure to keep', keep);
  const { contextLength } = model.config;
  const { examples } = valid ?? setup.train;
  const prompts = samplePrompts(data.tokenizer, examples, { ...options, contextLength });
  const course = new TrainSteps(run, prompts, before);
  const result = await course.run();
  const { stopped } = result;
  const bestStep = result.best?.iteration;
  const isOver = !stopped;
  const after = isOver && valid ? await measure('measure after', valid) : undefined;
  const keepAfter = isOver ? await measure('measure to keep', keep) : undefined;
  const samples: Sampled[] = [];
  for (const prompt of isOver ? prompts : []) {
    const adapted = await answer(run, prompt);
    samples.push({ prompt, adapted, base: await withAdapterDisabled(model, () => answer(run, prompt)) });
  }
  return {
    ...{ before, after, keepBefore, keepAfter, samples, steps: result.iterations, best: bestStep },
    ...{ isStopped: stopped, seconds: (performance.now() - begun) / 1000, ...course.counts },
  };
}
