/** Programs: lists of commands in memory, so that a whole training step is one call from outside. */
import { COMMAND_BYTES, costOf, execute, Op, opOf, sharesOf, whole } from './command';
import { isHelpWelcome, share } from './pool';

/** Upper limit of estimated nanoseconds: a 32-bit number holds at most four of these. */
const MOST: f64 = 1e9;

export function commandBytes(): usize {
  return COMMAND_BYTES;
}

/**
 * Runs `count` commands at `program`, in their order, and stops after an `append` of a number that is not finite.
 * `scratch` is matmul's, for each of the `threads` that wait at `control`, this one included.
 */
export function run(program: usize, count: usize, scratch: usize, threads: usize, control: usize): void {
  for (const end = program + count * COMMAND_BYTES; program < end; program += COMMAND_BYTES) {
    if (!ASC_FEATURE_THREADS || threads === 1) execute(program, scratch, 0, 1);
    else executeWithHelp(program, scratch, threads, control);
    if (opOf(program) === Op.append && isNotFinite(load<f32>(whole(program, 2)))) return;
  }
}

function executeWithHelp(command: usize, scratch: usize, threads: usize, control: usize): void {
  const nanoseconds = min<f64>(costOf(command), MOST);
  const shares = sharesOf(command, nanoseconds, threads);
  if (shares > 1 && isHelpWelcome(control))
    share(command, shares, <usize>nanoseconds / shares, scratch, control);
  else execute(command, scratch, 0, 1);
}

/** Whether a number is infinite or NaN: its difference from itself is NaN. */
function isNotFinite(value: f32): bool {
  return value - value !== 0;
}
