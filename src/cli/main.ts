#!/usr/bin/env node
/** The process: arguments in, exit code out; every error is one line on standard error. */
import { errorLine, exitCodeOf } from './errors.js';
import { createProgram } from './program.js';

const { stdout, stderr, argv, env } = process;

// Whoever read the output may be gone (`lowrank mnist | head`); the files are still wanted.
for (const stream of [stdout, stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

try {
  await createProgram({ stdout, stderr }).parseAsync(argv);
} catch (error) {
  const line = errorLine(error);
  if (line !== undefined) stderr.write(`${line}\n`);
  if (line !== undefined && env.DEBUG && error instanceof Error) stderr.write(`${error.stack}\n`);
  // Not process.exit: what was written must still get out.
  process.exitCode = exitCodeOf(error);
}
