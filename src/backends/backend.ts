/**
 * The one interface between the library and a device: storages, and kernels over storages and plain
 * numbers. It knows no tensor, no graph and no layer. `reference.ts` documents every kernel in loops.
 *
 * Four rules let a training step be recorded once and replayed:
 * 1. every kernel call goes through this interface;
 * 2. a number that changes from step to step lives in device memory, never in a call's arguments;
 * 3. a dataset lives on the device, and a batch is gathered there by an index storage;
 * 4. a step allocates in the same order each time, so it gets the same storages each time.
 *
 * Shapes are checked by the callers. A kernel may be given an output that holds anything (NaN too): it
 * reads the output only where `beta` is not 0. Outputs never overlap inputs.
 */

import type { DeviceError } from '../errors.js';

/** Element types: `f32` is float64 in the reference backend. */
export type DType = 'f32' | 'i32' | 'u8';

/** What `read` gives and `write` takes. */
export type HostArray = Float32Array | Float64Array | Int32Array | Uint8Array;

/** A stretch of device memory; only the backend that made it looks inside. */
export interface Storage {
  readonly dtype: DType;
  /** Elements. */
  readonly length: number;
}

/** `out[m,n] = alpha * op(a) op(b) + beta * out + bias`, see {@link Backend.matmul}. */
export interface MatmulDims {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  /** `a` is stored `[k, m]` instead of `[m, k]`. */
  readonly transA?: boolean;
  /** `b` is stored `[n, k]` instead of `[k, n]`. */
  readonly transB?: boolean;
  /** Default 1. */
  readonly alpha?: number;
  /** Default 0, which never reads `out`. */
  readonly beta?: number;
  /** `[n]`, added to every row once, after the last step along k; not scaled by alpha. */
  readonly bias?: Storage | undefined;
}

export type DeviceName = 'webgpu' | 'wasm' | 'reference';

/** What is allocated now, and the most that ever was. */
export interface MemoryUse {
  /** Bytes in storages that were allocated and not freed. */
  readonly liveBytes: number;
  /** Storages that were allocated and not freed. */
  readonly liveStorages: number;
  /** Bytes the backend holds, the pool included. */
  readonly reservedBytes: number;
}

/** What a training step asked of a device, kept so that it can be done again, with the memory that it uses. */
export interface Program {
  /**
   * Whether it can be run. Not where something was written or read between the kernel calls of its head, which then
   * have to be made one by one.
   */
  readonly isRepeatable: boolean;
  /** Gives its memory back to the pool. */
  dispose(): void;
}

/**
 * Records a training step and repeats it. The head of a step is what its caller does anew each time, the forward
 * pass; the tail is what follows from that, the backward pass and the optimizer. When a step is repeated, its
 * head is asked for, compared and left undone; if it is the same, head and tail are done at once, without the tail
 * being asked for. Bodies are synchronous, so that nothing of others gets into a recording.
 */
export interface StepRecorder {
  /** An empty program. */
  begin(): Program;
  /** Does what `body` asks for, and adds it to a program: first all of its head, then its tail. */
  record(program: Program, part: 'head' | 'tail', body: () => void): void;
  /**
   * Compares what `body` asks for with the head of a program. True when it was the same, over the same memory, and
   * `body` says so too: no call was made. False when not: all calls were made as if nobody had followed.
   */
  follow(program: Program, body: () => boolean): boolean;
  /**
   * Makes all calls of a program; numbers that were written in its tail are to be written anew before. Where every
   * step's loss is read ({@link Backend.stepsPerRead} 1) it stops behind an `append` of a number that is not finite.
   */
  run(program: Program): void;
}

export interface Backend {
  readonly name: DeviceName;
  /** What the device offers beyond the least, such as `simd` or `relaxed-simd`. */
  readonly features: readonly string[];
  /**
   * Training steps that are worth taking between two reads: 1 where a read costs nothing, more where it waits for
   * everything that was asked for and for the way back.
   */
  readonly stepsPerRead: number;
  /** Settles when the device is lost, with why; all that is under way is rejected with it. */
  readonly lost: Promise<DeviceError>;
  /** Undefined where steps are not recorded. */
  readonly recorder: StepRecorder | undefined;

  /** Memory whose contents are undefined. @throws DeviceError when there is none left. */
  alloc(dtype: DType, length: number): Storage;
  /**
   * A window of `length` elements from `offset` on into `storage`, whose memory stays until the storage
   * and all its slices are freed. `offset` is a multiple of {@link SLICE_ALIGNMENT} bytes.
   */
  slice(storage: Storage, offset: number, length: number): Storage;
  /** Gives the memory back to the pool; a storage is freed once. */
  free(storage: Storage): void;
  /** Copies `data` to the first elements of `storage`, in order with the kernels. */
  write(storage: Storage, data: ArrayLike<number>): void;
  /** A copy of the contents, once all kernels before it have run. */
  read(storage: Storage): Promise<HostArray>;
  /** Settles when all work so far is done. */
  sync(): Promise<void>;
  memory(): MemoryUse;
  /** Releases the device; nothing may be called afterwards. */
  dispose(): void;

  /** `out[i] = value`. */
  fill(out: Storage, value: number): void;
  /** `out[i] = x[i]`. */
  copy(out: Storage, x: Storage): void;
  /** `out[m,n] = alpha * op(a) op(b) + beta * out + bias`. */
  matmul(out: Storage, a: Storage, b: Storage, dims: MatmulDims): void;
  /** `out[r,c] += bias[c]`, in place. */
  addBias(out: Storage, bias: Storage, rows: number, cols: number): void;
  /** `out[c] = Σ_r x[r,c] + beta * out[c]`. */
  sumRows(out: Storage, x: Storage, rows: number, cols: number, beta: number): void;
  /** `out[i] += alpha * x[i]`. */
  axpy(out: Storage, x: Storage, alpha: number): void;
  /** `out[i] = a[i] * b[i] + beta * out[i]`; a `b` of one element multiplies all. */
  mul(out: Storage, a: Storage, b: Storage, beta: number): void;
  /**
   * Writes `x[0]` at the end of a list and makes it longer: `list[0]` counts, `list[1 + list[0]] = x[0]`,
   * `list[0] += 1`. A full list is left alone. So the losses of many steps are read at once.
   */
  append(list: Storage, x: Storage): void;
  /** `out[i] = a[i] / b[i]`. */
  divide(out: Storage, a: Storage, b: Storage): void;
  /** `out[r,c] = x[r,c] * factors[r] + beta * out[r,c]`. */
  mulRows(out: Storage, x: Storage, factors: Storage, rows: number, cols: number, beta: number): void;
  /** `out[r,c] = x[r,c] * factors[c] + beta * out[r,c]`. */
  mulColumns(out: Storage, x: Storage, factors: Storage, rows: number, cols: number, beta: number): void;
  /** `out[r] = √(Σ_c x[r,c]²)`. */
  rowNorms(out: Storage, x: Storage, rows: number, cols: number): void;
  /** `out[0] = √(Σ_i x[i]²)`. */
  norm(out: Storage, x: Storage): void;
  /** `x[i] *= min(1, maxNorm / (norm[0] + 1e-6))`, in place; a norm of NaN makes all NaN. */
  clipNorm(x: Storage, norm: Storage, maxNorm: number): void;
  /**
   * Rows of a table by index, `out[r,c] = table[indices[r] * rowStride + c * colStride]`: rows of `[n, cols]` with the
   * strides cols and 1, columns of `[cols, n]` with 1 and n. An index outside 0…n−1 gives a row of NaN.
   */
  take(
    out: Storage,
    table: Storage,
    indices: Storage,
    rows: number,
    cols: number,
    rowStride: number,
    colStride: number,
  ): void;
  /**
   * The way back, row after row: `table[indices[r] * rowStride + c * colStride] += x[r,c]`. A row whose index is outside
   * 0…n−1 is left out.
   */
  addAt(
    table: Storage,
    x: Storage,
    indices: Storage,
    rows: number,
    cols: number,
    rowStride: number,
    colStride: number,
  ): void;
  /**
   * `out[i] = h(i) < ⌊probability · 2³²⌋ ? 0 : 1 / (1 − probability)`, the same everywhere: with `state` (i32) = seed, count,
   * `a = mix(seed + count · 0x9e3779b9)`, `h(i) = mix(mix(i ^ a) + (a ^ 0x85ebca6b))` modulo 2³² and mix the last steps of
   * MurmurHash3. Then `state[1] += 1`.
   * @see https://github.com/aappleby/smhasher/wiki/MurmurHash3
   */
  dropoutMask(out: Storage, state: Storage, probability: number): void;
  /** `out[i] = max(x[i], 0)`; NaN stays NaN. */
  relu(out: Storage, x: Storage): void;
  /** `dX[i] = (x[i] > 0 ? dOut[i] : 0) + beta * dX[i]`. */
  reluBackward(dX: Storage, x: Storage, dOut: Storage, beta: number): void;
  /**
   * Mean cross-entropy of `logits [rows, cols]` against class indices `targets [rows]` (i32):
   * `loss[0] = mean_r (log Σ_c exp(logits[r,c]) − logits[r,targets[r]])` and
   * `dLogits[r,c] = (softmax(logits[r])[c] − [c = targets[r]]) / rows`, with the row's maximum subtracted
   * first. A target outside 0…cols−1 makes the loss and its row of dLogits NaN.
   */
  softmaxCrossEntropy(
    loss: Storage,
    dLogits: Storage,
    logits: Storage,
    targets: Storage,
    rows: number,
    cols: number,
  ): void;
  /**
   * One Adam step over `param.length` elements. `hyper` holds, as {@link ADAM_HYPER} names them,
   * the step size `lr / (1 − beta1^t)`, `√(1 − beta2^t)` and the constants:
   * `g = grad + weightDecay * p` · `p −= decoupledDecay * p` · `m += (1 − beta1)(g − m)` ·
   * `v = beta2 v + (1 − beta2) g²` · `p −= stepSize * m / (√v / biasCorrection2Sqrt + eps)`.
   */
  adamStep(param: Storage, grad: Storage, m: Storage, v: Storage, hyper: Storage): void;
  /**
   * One SGD step over `param.length` elements, `hyper` as {@link SGD_HYPER} names it:
   * `g = grad + weightDecay * p` · `velocity = momentum * velocity + (1 − dampening) g` ·
   * `p −= lr * (nesterov ? g + momentum * velocity : velocity)`.
   * Without `velocity` (no momentum) `p −= lr * g`.
   */
  sgdStep(param: Storage, grad: Storage, velocity: Storage | undefined, hyper: Storage): void;
  /**
   * A batch of rows from bytes: `out[r,c] = bytes[indices[r], c] * scale + shift` for
   * `r < rows`, `c < cols`, so `(byte/255 − mean) / std` has `scale = 1/(255 std)`, `shift = −mean/std`.
   */
  gatherRows(
    out: Storage,
    bytes: Storage,
    indices: Storage,
    rows: number,
    cols: number,
    scale: number,
    shift: number,
  ): void;
  /** Class indices of a batch: `out[r] = labels[indices[r]]`, u8 to i32. */
  gatherLabels(out: Storage, labels: Storage, indices: Storage, rows: number): void;
  /**
   * Counts predictions per class: for each row `counts[t] += 1` and, where the first largest logit is not
   * at `t = targets[r]` (or is NaN), `counts[cols + t] += 1`. `counts [2, cols]` is i32.
   * Rows whose target is outside 0…cols−1 are not counted.
   */
  countWrong(counts: Storage, logits: Storage, targets: Storage, rows: number, cols: number): void;
}

/** Bytes: where a slice may begin (WebGPU binds storage buffers at multiples of 256). */
export const SLICE_ALIGNMENT = 256;

/** Positions in the `hyper` storage of {@link Backend.adamStep}. */
export const ADAM_HYPER = {
  stepSize: 0,
  biasCorrection2Sqrt: 1,
  oneMinusBeta1: 2,
  beta2: 3,
  oneMinusBeta2: 4,
  eps: 5,
  weightDecay: 6,
  decoupledDecay: 7,
} as const;

/** Positions in the `hyper` storage of {@link Backend.sgdStep}. */
export const SGD_HYPER = {
  learningRate: 0,
  momentum: 1,
  oneMinusDampening: 2,
  weightDecay: 3,
  nesterov: 4,
} as const;

/** How many rows, or columns, of length `cols` a table has that `take` and `addAt` go by: their indices are below it. */
export function rowsOf(table: Storage, cols: number): number {
  return cols === 0 ? 0 : table.length / cols;
}
