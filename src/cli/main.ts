#!/usr/bin/env node
/** The process: arguments in, exit code out; every error is one line on standard error. */
import { reasonOf } from '../node/files.js';
import { errorLine, exitCodeOf } from './errors.js';
import { print, printLine } from './output.js';
import { createProgram } from './program.js';

const { stdout, stderr, argv, env } = process;

// The reader of the output may be gone (`lowrank mnist | head`); the files are still written. A full disk is an error.
for (const [name, stream] of Object.entries({ 'standard output': stdout, 'standard error': stderr })) {
  let isSaid = false;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || isSaid) return;
    isSaid = true;
    if (stream === stdout) printLine(stderr, `lowrank: ${name} cannot be written: ${reasonOf(error)}`);
    process.exitCode = 1;
  });
}

try {
  await createProgram({ stdout, stderr }).parseAsync(argv);
} catch (error) {
  const line = errorLine(error);
  if (line !== undefined) stderr.write(`${line}\n`);
  if (line !== undefined && env.DEBUG && error instanceof Error) print(stderr, `${error.stack}\n`);
  // Not process.exit: what was written must still get out.
  process.exitCode = exitCodeOf(error);
}
