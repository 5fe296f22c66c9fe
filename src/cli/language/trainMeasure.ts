/** Scores and answers of the model in the course of a run. */
import { evaluateLanguageModel, type LanguageEvaluation } from '../../models/evaluateLanguageModel.js';
import type { DataExample } from './readData.js';
import { answerTo, type SamplePrompt } from './sampleAnswers.js';
import type { Run } from './trainSteps.js';

/** Milliseconds between two lines of progress where there is no bar. */
export const LINE_EVERY_MS = 15_000;

/** @param name  what is measured, for the progress @throws NonFiniteError for a loss that is not finite, or the signal's reason */
export async function evaluated(
  { setup: { model, data }, reporting: { progress, signal } }: Run,
  name: string,
  examples: readonly DataExample[],
): Promise<LanguageEvaluation> {
  const { length: total } = examples;
  progress.begin({ name, total, unit: 'examples', transient: true, lineEvery: LINE_EVERY_MS });
  try {
    const tokens = examples.map((example) => example.tokens);
    const onProgress = (done: number) => progress.update(done);
    return await evaluateLanguageModel(model, data.tokenizer, tokens, { signal, onProgress });
  } finally {
    progress.end();
  }
}

/** The current answer of the model to a prompt. */
export function answer(
  { setup: { model, data }, options, reporting }: Run,
  prompt: SamplePrompt,
): Promise<string> {
  const { allowSpecial } = options;
  return answerTo(model, data.tokenizer, prompt, { signal: reporting.signal, allowSpecial });
}
