/** The ways a command ends early. */
import { CommanderError } from 'commander';
import { expect, it } from 'vitest';
import { DataError, DeviceError, ShapeError } from '../../src/base/errors.js';
import { exitCodeOf, Interrupted, UsageError } from '../../src/cli/errors.js';

it.each([
  [2, new UsageError('--rank: must be a positive integer: 0')],
  [2, new DeviceError('wasm: 64 threads were asked for, and this runtime can start 1')],
  [2, new CommanderError(1, 'commander.unknownOption', "error: unknown option '--x'")],
  [0, new CommanderError(0, 'commander.helpDisplayed', '(outputHelp)')],
  [130, new Interrupted('stopped', 130)],
  [1, new DataError('a.gguf: is not a GGUF file')],
  [1, new ShapeError('matmul: inner dimensions differ')],
  [1, new RangeError('applyLora: rank must be a positive integer: 0')],
  [1, 'anything else that is thrown'],
])('exits with %i for %s', (code, error) => {
  expect(exitCodeOf(error)).toBe(code);
});
