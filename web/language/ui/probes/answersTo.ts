import type { ProbeStop } from '../../api.js';

/** The answers at a step; undefined for a question that was not asked. */
export interface ShownStop {
  readonly step: number;
  readonly answers: readonly (string | undefined)[];
}

/**
 * Answers to the current questions: one that was changed since has no answer yet.
 * @param asked  questions of the lesson; empty ones have no answers
 */
export function answersTo(
  prompts: readonly string[],
  asked: readonly string[],
  stops: readonly ProbeStop[],
): readonly ShownStop[] {
  const given = asked.filter((prompt) => prompt.trim() !== '');
  const places = prompts.map((prompt) => given.indexOf(prompt));
  return stops.map(({ step, answers }) => ({ step, answers: places.map((at) => answers[at]) }));
}
