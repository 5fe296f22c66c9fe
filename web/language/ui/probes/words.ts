/** A stop of the scrubber in words; a lesson that ended early had as many steps as it went. */
export const stopText = (step: number, steps: number) => `step ${step} of ${Math.max(step, steps)}`;
