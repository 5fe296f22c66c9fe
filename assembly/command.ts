/**
 * Kernel calls in memory. A command is {@link COMMAND_BYTES} bytes of float64, which holds addresses, sizes and f32
 * alike: first the {@link Op}, then its arguments in the order of the kernel's parameters.
 *
 * A command may be done in shares, by several threads at once: each does a stretch of the output, so that no sum
 * is taken in another order.
 */
import { countWrong } from './countWrong';
import { dropoutMask } from './dropout';
import { axpy, mul, mulScalar, relu, reluBackward } from './elementwise';
import { append, copy, fill, fillI32, fillU8 } from './fill';
import { addAt, gatherLabels, gatherRows, take } from './gather';
import { matmul } from './matmul/matmul';
import { adamStep, sgdStep } from './optimizers';
import { addBias, sumRows } from './rows';
import { clipFactor, divide, mulColumns, rowNorms, scaleBy } from './scale';
import { softmaxCrossEntropy } from './softmaxCrossEntropy';

/** Sixteen float64. */
export const COMMAND_BYTES: usize = 128;

/** Exported by name, so that nobody else numbers them. */
export enum Op {
  fill,
  fillI32,
  fillU8,
  copy,
  matmul,
  addBias,
  sumRows,
  axpy,
  mul,
  mulScalar,
  append,
  relu,
  reluBackward,
  softmaxCrossEntropy,
  adamStep,
  sgdStep,
  gatherRows,
  gatherLabels,
  countWrong,
  divide,
  mulRows,
  mulColumns,
  rowNorms,
  clipNorm,
  take,
  addAt,
  dropoutMask,
}

export function opOf(command: usize): i32 {
  return <i32>load<f64>(command);
}

/** The `i`-th argument, from 1 on: an address or a size. */
export function whole(command: usize, i: usize): usize {
  return <usize>load<f64>(command + (i << 3));
}

function float(command: usize, i: usize): f32 {
  return <f32>load<f64>(command + (i << 3));
}

/** Elements of a cache line, at whose multiples shares begin. */
const LINE: usize = 16;

/** Where the `part`-th of `parts` nearly equal shares of `length` elements begins. */
function shareStart(length: usize, part: usize, parts: usize): usize {
  if (part === parts) return length;
  return (((length / LINE) * part) / parts) * LINE;
}

/** Does the `part`-th of `parts` shares of a command that can be cut; of any other, `parts` is 1. */
export function execute(c: usize, scratch: usize, part: usize, parts: usize): void {
  switch (opOf(c)) {
    case Op.matmul:
      executeMatmul(c, scratch, part, parts);
      break;
    case Op.gatherRows:
    case Op.addBias:
    case Op.mulRows:
    case Op.mulColumns:
      executeRows(c, part, parts);
      break;
    case Op.gatherLabels:
      gatherLabels(whole(c, 1), whole(c, 2), whole(c, 3), whole(c, 4));
      break;
    case Op.sumRows:
      sumRows(whole(c, 1), whole(c, 2), whole(c, 3), whole(c, 4), float(c, 5));
      break;
    case Op.softmaxCrossEntropy:
      softmaxCrossEntropy(whole(c, 1), whole(c, 2), whole(c, 3), whole(c, 4), whole(c, 5), whole(c, 6));
      break;
    case Op.append:
      append(whole(c, 1), whole(c, 2), whole(c, 3));
      break;
    case Op.countWrong:
      countWrong(whole(c, 1), whole(c, 2), whole(c, 3), whole(c, 4), whole(c, 5));
      break;
    case Op.rowNorms:
      rowNorms(whole(c, 1), whole(c, 2), whole(c, 3), whole(c, 4));
      break;
    case Op.take:
      take(
        whole(c, 1),
        whole(c, 2),
        whole(c, 3),
        whole(c, 4),
        whole(c, 5),
        whole(c, 6),
        whole(c, 7),
        whole(c, 8),
      );
      break;
    case Op.addAt:
      addAt(
        whole(c, 1),
        whole(c, 2),
        whole(c, 3),
        whole(c, 4),
        whole(c, 5),
        whole(c, 6),
        whole(c, 7),
        whole(c, 8),
      );
      break;
    case Op.dropoutMask:
      dropoutMask(whole(c, 1), whole(c, 2), whole(c, 3), load<f64>(c + 32), float(c, 5));
      break;
    case Op.fillU8:
      fillU8(whole(c, 1), whole(c, 2), <u8>whole(c, 3));
      break;
    default:
      executeElementwise(c, part, parts);
  }
}

function executeMatmul(c: usize, scratch: usize, part: usize, parts: usize): void {
  matmul(
    whole(c, 1),
    whole(c, 2),
    whole(c, 3),
    whole(c, 4),
    whole(c, 5),
    whole(c, 6),
    whole(c, 7),
    whole(c, 8) !== 0,
    whole(c, 9) !== 0,
    float(c, 10),
    float(c, 11),
    scratch,
    part,
    parts,
  );
}

/** Kernels over a matrix, some of its rows. */
function executeRows(c: usize, part: usize, parts: usize): void {
  const op = opOf(c);
  const isAddBias = op === Op.addBias;
  const rows = whole(c, isAddBias ? 3 : 4);
  const cols = whole(c, isAddBias ? 4 : 5);
  const row = (rows * part) / parts;
  const count = (rows * (part + 1)) / parts - row;
  const at = (row * cols) << 2;
  const out = whole(c, 1) + at;
  if (op === Op.gatherRows) {
    gatherRows(out, whole(c, 2), whole(c, 3) + (row << 2), count, cols, float(c, 6), float(c, 7));
  } else if (isAddBias) {
    addBias(out, whole(c, 2), count, cols);
  } else if (op === Op.mulColumns) {
    mulColumns(out, whole(c, 2) + at, whole(c, 3), count, cols, float(c, 6));
  } else {
    for (let r: usize = 0; r < count; r++) {
      const shift = (r * cols) << 2;
      mulScalar(out + shift, whole(c, 2) + at + shift, whole(c, 3) + ((row + r) << 2), cols, float(c, 6));
    }
  }
}

/** Kernels over vectors of one length, a stretch of them. */
function executeElementwise(c: usize, part: usize, parts: usize): void {
  const op = opOf(c);
  const elements = elementsOf(c);
  const from = shareStart(elements, part, parts);
  const length = shareStart(elements, part + 1, parts) - from;
  const at = from << 2;
  const out = whole(c, 1) + at;
  if (op === Op.adamStep) {
    adamStep(out, whole(c, 2) + at, whole(c, 3) + at, whole(c, 4) + at, length, whole(c, 6));
  } else if (op === Op.sgdStep) {
    const velocity = whole(c, 3);
    sgdStep(out, whole(c, 2) + at, velocity ? velocity + at : 0, length, whole(c, 5));
  } else if (op === Op.reluBackward) {
    reluBackward(out, whole(c, 2) + at, whole(c, 3) + at, length, float(c, 5));
  } else if (op === Op.relu) {
    relu(out, whole(c, 2) + at, length);
  } else if (op === Op.mul) {
    mul(out, whole(c, 2) + at, whole(c, 3) + at, length, float(c, 5));
  } else if (op === Op.mulScalar) {
    mulScalar(out, whole(c, 2) + at, whole(c, 3), length, float(c, 5));
  } else if (op === Op.divide) {
    divide(out, whole(c, 2) + at, whole(c, 3) + at, length);
  } else if (op === Op.clipNorm) {
    scaleBy(out, length, clipFactor(whole(c, 2), float(c, 4)));
  } else if (op === Op.axpy) {
    axpy(out, whole(c, 2) + at, length, float(c, 4));
  } else if (op === Op.fill) {
    fill(out, length, float(c, 3));
  } else if (op === Op.fillI32) {
    fillI32(out, length, <i32>load<f64>(c + 24));
  } else if (op === Op.copy) {
    // The length is in bytes, and the last share has those that fill no element.
    copy(out, whole(c, 2) + at, part + 1 === parts ? whole(c, 3) - at : length << 2);
  } else {
    assert(false, 'execute: there is no such command');
  }
}

/** Elements of an elementwise command. */
export function elementsOf(c: usize): usize {
  switch (opOf(c)) {
    case Op.adamStep:
      return whole(c, 5);
    case Op.sgdStep:
    case Op.reluBackward:
    case Op.mul:
    case Op.mulScalar:
    case Op.divide:
      return whole(c, 4);
    case Op.fill:
    case Op.fillI32:
      return whole(c, 2);
    case Op.copy:
      return whole(c, 3) >> 2;
    default:
      return whole(c, 3);
  }
}
