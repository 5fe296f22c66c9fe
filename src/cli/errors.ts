/** The ways a command ends early, each with its exit code. */
import { CommanderError } from 'commander';
import { DeviceError } from '../base/errors.js';
import { printable } from '../base/printable.js';

const MAX_LINE = 4200;

/** The command line asks for something impossible: exit code 2. */
export class UsageError extends Error {
  override name = 'UsageError';
}

/** A signal ended the run after its results so far were saved. */
export class Interrupted extends Error {
  override name = 'Interrupted';

  constructor(
    message: string,
    /** 128 + the signal's number. */
    readonly exitCode: number,
  ) {
    super(message);
  }
}

/** 2 for usage and devices, 128 + n for signal n, 1 for everything else; 0 for help and version, which commander throws too. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof UsageError || error instanceof DeviceError) return 2;
  if (error instanceof Interrupted) return error.exitCode;
  return 1;
}

/** `lowrank: …` on one line; nothing for what commander throws after it has printed a help text. */
export function errorLine(error: unknown): string | undefined {
  if (error instanceof CommanderError && (error.exitCode === 0 || error.code === 'commander.help')) {
    return undefined;
  }
  const message = error instanceof Error ? error.message : String(error);
  const line = message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ');
  return `lowrank: ${printable(line, MAX_LINE)}`;
}
