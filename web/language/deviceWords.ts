/** The words about the device, and about losing it. */

export function wordsOf(is: {
  readonly isGpu: boolean;
  readonly threads: number;
  readonly isIsolated: boolean;
}): string {
  if (is.isGpu) return 'WebGPU (experimental)';
  if (is.threads > 1) return `CPU, ${is.threads} threads`;
  return is.isIsolated ? 'CPU, one thread' : 'CPU, one thread: about half the speed';
}

export function lostSentence(wasTeaching: boolean, step: number | undefined): string {
  const lost = 'The graphics card gave up.';
  if (step !== undefined) return `${lost} Going on from step ${step} on the CPU.`;
  return wasTeaching
    ? `${lost} The lesson was not saved yet: start it again on the CPU.`
    : `${lost} Going on with the CPU: please ask your last question again.`;
}
