/** Progress and notices while a command works, and how it is stopped. */
import { listenForInterrupts } from '../interrupt.js';
import { printLine } from '../output.js';
import { createProgress, type Progress, SILENT } from '../progress.js';
import type { Streams } from '../streams.js';

export interface RunReporting {
  readonly progress: Progress;
  /** Called with a short phrase about what is going on. */
  readonly notice: (text: string) => void;
  /** Aborted by Ctrl-C, with an `Interrupted` as its reason. */
  readonly signal: AbortSignal;
}

/** Runs a command with progress and notices on standard error, or none, until it is done or stopped. */
export async function withReporting(
  quiet: boolean,
  { stderr }: Streams,
  body: (reporting: RunReporting) => Promise<void>,
): Promise<void> {
  const progress = quiet ? SILENT : createProgress(stderr);
  const notice = (text: string) => {
    if (!quiet) printLine(stderr, `lowrank: ${text}`);
  };
  const interrupts = listenForInterrupts(() => progress.end());
  const { signal } = interrupts;
  try {
    await body({ progress, notice, signal });
    // What there is was written; the exit code says that it was stopped.
    signal.throwIfAborted();
  } finally {
    progress.end();
    interrupts.stop();
  }
}
