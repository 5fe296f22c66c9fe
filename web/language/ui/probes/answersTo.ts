import type { ProbeStop } from '../../api.js';

/** The answers at a step, of which there is none to a question that was not asked. */
export interface ShownStop {
  readonly step: number;
  readonly answers: readonly (string | undefined)[];
}

/**
 * Answers for the questions as they are now: one that was written anew since is not answered yet.
 * @param asked  questions of the lesson; its answers leave out those that were empty
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
