/**
 * Kernel calls in memory. A command is COMMAND_BYTES bytes of float64, which holds addresses, sizes and f32 alike: first
 * the number of the kernel, then its arguments in the order of its row in the table of kernels, from which
 * commands.gen.ts is made.
 *
 * A command may be done in shares, by several threads at once: each computes a range of the output, so that the order
 * of every sum stays the same.
 */
import { elementsOf } from './commands.gen';

export { COMMAND_BYTES, costOf, execute, Op } from './commands.gen';

/** Minimum nanoseconds of work for a second thread. */
const WORTHWHILE: f64 = 10000;
/** Elements of a share: small ones even out threads that do not run all the time. */
const ELEMENTS_OF_SHARE: usize = 8192;

export function opOf(command: usize): i32 {
  return <i32>load<f64>(command);
}

/** The `i`-th argument, counted from 1: an address or a size. */
export function whole(command: usize, i: usize): usize {
  return <usize>load<f64>(command + (i << 3));
}

/**
 * The number of shares of a command that takes `nanoseconds`: one where handing it over costs more than it saves. A
 * kernel that divides itself gets at most one per thread, since each share of a matmul packs the whole other operand.
 */
export function sharesOf(command: usize, nanoseconds: f64, threads: usize): usize {
  if (nanoseconds < WORTHWHILE) return 1;
  const elements = elementsOf(command);
  return elements === 0 ? threads : min(elements / ELEMENTS_OF_SHARE, threads << 2);
}
