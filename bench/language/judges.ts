/** Checks that contenders give the same answers, before any of them is timed. */

type Answers = ReadonlyMap<string, readonly number[]>;

/**
 * Losses of the first steps, each against that of the first of `references` that takes part: `|loss − reference| ≤ bound · reference`.
 * @param boundOf  the bound for a contender
 */
export function judgeLosses(
  answers: Answers,
  references: readonly string[],
  boundOf: (name: string) => number,
): Map<string, string> {
  const wrong = new Map<string, string>();
  const reference = references.find((name) => answers.has(name)) ?? [...answers.keys()][0];
  const expected = answers.get(reference) ?? [];
  for (const [name, losses] of answers) {
    const bound = boundOf(name);
    const isRight =
      losses.length === expected.length &&
      losses.length > 0 &&
      losses.every((loss, i) => Math.abs(loss - expected[i]) <= bound * expected[i]);
    if (!isRight) wrong.set(name, `losses ${shown(losses)}, but ${shown(expected)} of ${reference}`);
  }
  return wrong;
}

/** Greedy token ids: they must be those of the first of `references` that takes part. */
export function judgeTokens(answers: Answers, references: readonly string[]): Map<string, string> {
  const wrong = new Map<string, string>();
  const reference = references.find((name) => answers.has(name)) ?? [...answers.keys()][0];
  const expected = answers.get(reference) ?? [];
  for (const [name, ids] of answers) {
    const isRight = expected.length > 0 && ids.join() === expected.join();
    if (!isRight) wrong.set(name, `tokens ${ids}, but ${expected} of ${reference}`);
  }
  return wrong;
}

function shown(losses: readonly number[]): string {
  return losses.map((loss) => loss.toFixed(5)).join(', ');
}
