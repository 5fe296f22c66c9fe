/** The command line in a test: what it writes to each stream. */
import { PassThrough } from 'node:stream';
import { createProgram } from '../../../src/cli/program.js';

/** A stream, and what was written to it. */
export function collector() {
  const stream = new PassThrough();
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  // The commands write to these streams and ask whether they are terminals, nothing more.
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => Buffer.concat(chunks).toString() };
}

export async function lowrank(...args: string[]): Promise<{ readonly out: string; readonly err: string }> {
  const [stdout, stderr] = [collector(), collector()];
  const program = createProgram({ stdout: stdout.stream, stderr: stderr.stream });
  await program.parseAsync(['node', 'lowrank', ...args]);
  return { out: stdout.text(), err: stderr.text() };
}

/** The lines of a command's help that are wider than a terminal of 80 columns. */
export function wideHelp(name: string): { readonly help: string; readonly wide: readonly string[] } {
  const { stream, text } = collector();
  const program = createProgram({ stdout: stream, stderr: stream });
  const command = program.commands.find((each) => each.name() === name);
  command?.configureOutput({ getOutHelpWidth: () => 80 }).outputHelp();
  const help = text();
  return { help, wide: help.split('\n').filter(({ length }) => length > 80) };
}
