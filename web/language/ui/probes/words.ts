/** A stop of the scrubber in words; the total is never below the step. */
export const stopText = (step: number, steps: number) => `step ${step} of ${Math.max(step, steps)}`;
