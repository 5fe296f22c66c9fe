/** Kernels that are not one shader with one thread per element: the shaders that they use, and the numbers of threads. */
import { DeviceError } from '../../base/errors.js';
import type { KernelArguments, Storage } from '../backend.js';
import { checkCast, type DType, ELEMENT_TYPES, type KernelName } from '../kernels.js';
import type { MatmulPlanner } from './matmulPlan.js';
import type { WebGpuStorage } from './memory.js';
import type { OwnShader, ShaderArguments } from './shaders.js';
import { fillBits, lastMask } from './words.js';

/** The means of a lowered kernel: shaders, and memory for intermediate results. */
export interface ShaderCalls {
  open(storage: Storage): WebGpuStorage;
  alloc(length: number): Storage;
  free(storage: Storage): void;
  /** Calls `element` for each i below `length`. */
  elements<Name extends OwnShader>(name: Name, args: ShaderArguments<Name, Storage>, length: number): void;
  /** Calls a shader's own `main` in the given number of workgroups. */
  groups<Name extends OwnShader>(name: Name, args: ShaderArguments<Name, Storage>, count: number): void;
}

export type Lowered = {
  readonly [Name in KernelName]?: (calls: ShaderCalls, args: KernelArguments<Name>) => void;
};

/** Number of rows that one thread of a sum over rows adds up, and of columns for one workgroup of rowSquares. */
const ROWS = 64;
const COLUMNS = 16384;

/** @param planner  chooses the shader that multiplies given shapes */
export function loweredKernels(planner: MatmulPlanner): Lowered {
  return {
    fill,
    copy,
    matmul: (calls, args) => matmul(calls, args, planner),
    integerMatmul() {
      throw new DeviceError(
        'webgpu: integer products are not available: set the precision of the model to exact',
      );
    },
    sumRows,
    rowNorms,
    take,
    addAt,
    dropoutMask,
    rope,
    rmsNorm: (calls, args) => calls.groups('rmsNorm', args, args.rows),
    rmsNormBackward: (calls, { beta = 0, ...args }) =>
      calls.groups('rmsNormBackward', { ...args, beta }, args.rows),
    rmsNormWeightBackward,
    attention: (calls, args) => calls.groups('attention', args, args.rows * args.heads),
    attentionQueriesBackward: (calls, { beta = 0, ...args }) =>
      calls.groups('attentionQueriesBackward', { ...args, beta }, args.rows * args.heads),
    attentionKeysBackward,
    softmaxCrossEntropy,
    vocabularyLoss: (calls, args) => calls.groups('vocabularyLoss', { ...args, nan: Number.NaN }, args.rows),
    append: (calls, args) => calls.groups('append', { ...args, capacity: args.list.length }, 1),
    countWrong: (calls, args) => calls.elements('countWrong', args, args.rows),
  };
}

function fill(calls: ShaderCalls, { out, value }: KernelArguments<'fill'>): void {
  const { dtype, byteLength, wordBytes } = calls.open(out);
  const words = { bits: fillBits(dtype, value), lastMask: lastMask(byteLength) };
  calls.elements('fill', { out, ...words }, wordBytes / 4);
}

function copy(calls: ShaderCalls, { out, x }: KernelArguments<'copy'>): void {
  const { dtype, length, byteLength, wordBytes } = calls.open(x);
  checkCast('copy', out.dtype, dtype);
  if (out.dtype === dtype) {
    calls.elements('copy', { out, x, lastMask: lastMask(byteLength) }, wordBytes / 4);
  } else if (out.dtype === 'f32') {
    calls.elements('castWider', { out, x, xType: typeNumber(dtype) }, length);
  } else if (dtype === 'f32') {
    const sizes = { outType: typeNumber(out.dtype), count: length };
    calls.elements('castNarrower', { out, x, ...sizes }, Math.ceil(length / 2));
  } else {
    const between = calls.alloc(length);
    copy(calls, { out: between, x });
    copy(calls, { out, x: between });
    calls.free(between);
  }
}

function matmul(
  calls: ShaderCalls,
  { out, a, b, bias, m, k, n, transA, transB, alpha = 1, beta = 0 }: KernelArguments<'matmul'>,
  planner: MatmulPlanner,
): void {
  const { kernel, groups } = planner.plan({ m, k, n });
  const strides = { aRow: transA ? 1 : k, aCol: transA ? m : 1, bRow: transB ? 1 : n, bCol: transB ? k : 1 };
  // Without a bias another storage is bound in its place, and not read.
  const biased = { bias: bias ?? b, hasBias: bias ? 1 : 0 };
  const sizes = { bType: typeNumber(b.dtype), m, k, n, ...strides };
  calls.groups(kernel, { out, a, b, ...biased, ...sizes, alpha, beta }, groups);
}

function typeNumber(dtype: DType): number {
  return ELEMENT_TYPES.indexOf(dtype);
}

/** Sums over rows in ranges, so that few columns of many rows have enough threads. */
function sumRows(calls: ShaderCalls, args: KernelArguments<'sumRows'>): void {
  const { out, x, rows, cols, beta = 0 } = args;
  const stretches = Math.ceil(rows / ROWS);
  if (stretches <= 1) {
    calls.elements('sumRows', { x, out, rows, cols, stretch: ROWS, beta }, cols);
    return;
  }
  const sums = calls.alloc(stretches * cols);
  calls.elements('sumRows', { x, out: sums, rows, cols, stretch: ROWS, beta: 0 }, stretches * cols);
  sumRows(calls, { out, x: sums, rows: stretches, cols, beta });
  calls.free(sums);
}

/** The gradient of the weight, in the same ranges. */
function rmsNormWeightBackward(calls: ShaderCalls, args: KernelArguments<'rmsNormWeightBackward'>): void {
  const { dWeight, rows, cols, beta } = args;
  const stretches = Math.ceil(rows / ROWS);
  const sums = calls.alloc(stretches * cols);
  calls.elements('rmsNormWeightBackward', { ...args, sums, stretch: ROWS }, stretches * cols);
  sumRows(calls, { out: dWeight, x: sums, rows: stretches, cols, beta });
  calls.free(sums);
}

function rowNorms(calls: ShaderCalls, { out, x, rows, cols }: KernelArguments<'rowNorms'>): void {
  const stretches = Math.max(Math.ceil(cols / COLUMNS), 1);
  const sums = calls.alloc(rows * stretches);
  calls.groups('rowSquares', { x, out: sums, rows, cols, stretch: COLUMNS, stretches }, rows * stretches);
  calls.elements('rootOfSums', { x: sums, out, stretches }, rows);
  calls.free(sums);
}

function addAt(calls: ShaderCalls, { beta = 0, ...args }: KernelArguments<'addAt'>): void {
  if (beta === 0) fill(calls, { out: args.table, value: 0 });
  const { table, rows, cols } = args;
  calls.elements('addAt', { ...args, count: countOf(table, cols) }, rows * cols);
}

function take(calls: ShaderCalls, args: KernelArguments<'take'>): void {
  const { table, rows, cols } = args;
  const sizes = { tableType: typeNumber(table.dtype), count: countOf(table, cols) };
  // WGSL has no way to write NaN, so it comes from here.
  calls.elements('take', { ...args, ...sizes, nan: Number.NaN }, rows * cols);
}

function rope(calls: ShaderCalls, args: KernelArguments<'rope'>): void {
  const { out, cos, dim, inverse, beta = 0 } = args;
  const sizes = { count: countOf(cos, dim / 2), inverse: inverse ? 1 : 0 };
  calls.elements('rope', { ...args, ...sizes, beta, nan: Number.NaN }, out.length);
}

/** Number of rows, or columns, of a table, which is the limit of indices. */
function countOf(table: Storage, cols: number): number {
  return cols === 0 ? 0 : table.length / cols;
}

function dropoutMask(calls: ShaderCalls, args: KernelArguments<'dropoutMask'>): void {
  const { out, state, probability } = args;
  const threshold = Math.floor(probability * 2 ** 32);
  // At probability 1 the threshold does not fit into 32 bits: then what is kept is 0 too.
  const kept = probability < 1 ? 1 / (1 - probability) : 0;
  calls.elements('dropoutMask', { out, state, threshold, kept }, out.length);
  calls.groups('countUp', { state }, 1);
}

function attentionKeysBackward(
  calls: ShaderCalls,
  { dK, dV, beta = 0, ...args }: KernelArguments<'attentionKeysBackward'>,
): void {
  const count = args.keys * args.kvHeads;
  if (dK) calls.groups('attentionKeys', { ...args, dK, beta }, count);
  if (dV) calls.groups('attentionValues', { ...args, dV, beta }, count);
}

function softmaxCrossEntropy(calls: ShaderCalls, args: KernelArguments<'softmaxCrossEntropy'>): void {
  const { loss, dLogits, logits, targets, rows, cols } = args;
  const rowLoss = calls.alloc(rows);
  const nan = Number.NaN;
  calls.groups('crossEntropyRows', { logits, targets, rowLoss, dLogits, rows, cols, nan }, rows);
  calls.groups('crossEntropyMean', { rowLoss, loss, rows, nan }, 1);
  calls.free(rowLoss);
}
