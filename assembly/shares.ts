/** What commands cost, and into how many shares one is cut: into one where handing it over costs more than it saves. */
import { elementsOf, Op, opOf, whole } from './command';

/** Nanoseconds of work that are worth a second thread. */
const WORTHWHILE: usize = 10000;
/** Elements of a share: small ones even out threads that do not run all the time. */
const ELEMENTS_OF_SHARE: usize = 8192;
/** Multiply-adds in a nanosecond, and the nanoseconds of four elements. */
const MADDS: f64 = 20;
const FOUR_ELEMENTS: usize = 2;
/** Nanoseconds that more work is taken for: a number of 32 bits holds no more than four of these. */
const MOST: f64 = 1e9;

/** Roughly, in nanoseconds; 0 for commands that are not cut. */
export function costOf(c: usize): usize {
  switch (opOf(c)) {
    case Op.matmul:
      return <usize>min<f64>((<f64>whole(c, 5) * <f64>whole(c, 6) * <f64>whole(c, 7)) / MADDS, MOST);
    case Op.gatherLabels:
    case Op.sumRows:
    case Op.softmaxCrossEntropy:
    case Op.append:
    case Op.countWrong:
    case Op.fillU8:
    case Op.rowNorms:
    case Op.take:
    case Op.addAt:
    case Op.dropoutMask:
      return 0;
    default:
      return (lengthOf(c) * FOUR_ELEMENTS) >> 2;
  }
}

/** Of a command that costs so much. A matmul has no more than threads: each share packs the whole other operand. */
export function sharesOf(c: usize, cost: usize, threads: usize): usize {
  if (cost < WORTHWHILE) return 1;
  return opOf(c) === Op.matmul ? threads : min(lengthOf(c) / ELEMENTS_OF_SHARE, threads << 2);
}

/** Elements of the output of a command that is cut into rows or stretches. */
function lengthOf(c: usize): usize {
  switch (opOf(c)) {
    case Op.gatherRows:
    case Op.mulRows:
    case Op.mulColumns:
      return whole(c, 4) * whole(c, 5);
    case Op.addBias:
      return whole(c, 3) * whole(c, 4);
    default:
      return elementsOf(c);
  }
}
