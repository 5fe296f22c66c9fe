/** Into how many shares a command is cut for several threads: 1 where handing it over costs more than it saves. */
import { elementsOf, Op, opOf, whole } from './command';

/** Multiplications and additions, some 10 microseconds of them. */
const MATMUL_MIN: f64 = 262144;
/** Elements, some 5 to 30 microseconds of them. */
const ELEMENTS_MIN: usize = 32768;
/** Elements of a share: small ones even out threads that do not run all the time. */
const ELEMENTS_OF_SHARE: usize = 8192;

export function sharesOf(c: usize, threads: usize): usize {
  switch (opOf(c)) {
    case Op.matmul: {
      // Each share packs all of the operand that is not cut, so there are no more than threads.
      const work = <f64>whole(c, 5) * <f64>whole(c, 6) * <f64>whole(c, 7);
      return work < MATMUL_MIN ? 1 : threads;
    }
    case Op.gatherRows:
      return ofElements(whole(c, 4) * whole(c, 5), threads);
    case Op.addBias:
      return ofElements(whole(c, 3) * whole(c, 4), threads);
    case Op.gatherLabels:
    case Op.sumRows:
    case Op.softmaxCrossEntropy:
    case Op.append:
    case Op.countWrong:
    case Op.fillU8:
      return 1;
    default:
      return ofElements(elementsOf(c), threads);
  }
}

function ofElements(elements: usize, threads: usize): usize {
  return elements < ELEMENTS_MIN ? 1 : min(elements / ELEMENTS_OF_SHARE, threads << 2);
}
