/**
 * The kernels: each is declared once, here, with its formula, and everything positional is derived from its row: the
 * command that WebAssembly decodes, how that is cut among threads, the bindings and parameters of WGSL, and what a
 * recorder compares. Callers and the reference name every argument. It does not know tensors or backends.
 *
 * An output may hold anything before the call (even NaN): a kernel reads it only where `beta` is not 0 or
 * the formula says so. Outputs never overlap inputs, except in an elementwise kernel, which may work in place.
 */
import { type DType, ELEMENT_TYPES, isPackedType } from './elementTypes.js';

export { type DType, ELEMENT_TYPES } from './elementTypes.js';

/** Sets of element types that a kernel may accept for a storage. Only frozen weights have 16 bits or are packed. */
const ACCEPTED = {
  f32: ['f32'],
  i32: ['i32'],
  u8: ['u8'],
  weight: ['f32', 'bf16', 'f16', 'q4', 'q8', 'q8x16'],
  packed: ['q4', 'q8', 'q8x16'],
  plain: ['f32', 'i32', 'u8'],
  unpacked: ['f32', 'i32', 'u8', 'bf16', 'f16'],
  any: ELEMENT_TYPES,
} as const satisfies Record<string, readonly DType[]>;

/** The set of element types that a kernel accepts for a storage. */
export type ElementType = keyof typeof ACCEPTED;

/**
 * How a command is divided among threads: each takes a range along a size (or along `length`), and the named storages
 * advance by the given number of elements for each step, a number or the name of a size. `own`: the kernel takes `scratch`,
 * `part` and `parts` and divides itself.
 */
export type Cut =
  | { readonly along: string; readonly move: Readonly<Record<string, 1 | string>> }
  | { readonly own: true };

export interface KernelRow {
  /** Storages that are written, by name. */
  readonly out: Readonly<Record<string, ElementType>>;
  /** Storages that are only read, by name. */
  readonly in?: Readonly<Record<string, ElementType>>;
  /** Names of storages that may be left out. */
  readonly optional?: readonly string[];
  /** The storage whose number of elements is passed to the kernel as `length`. */
  readonly length?: string;
  /** Storages whose element type is passed to the kernel as `<name>Type`, an index of {@link ELEMENT_TYPES}. */
  readonly types?: readonly string[];
  /** Names of the elements of a storage, in their order. */
  readonly fields?: Readonly<Record<string, readonly string[]>>;
  /** Whether output and input must be of one type or both floats. */
  readonly cast?: boolean;
  /** Names of integer arguments. */
  readonly sizes?: readonly string[];
  /** Names of boolean arguments, false by default. */
  readonly flags?: readonly string[];
  /** Names of real arguments; alpha is 1 by default, beta is 0. */
  readonly numbers?: readonly string[];
  /** How it is divided among threads; absent for a kernel that runs on one thread. */
  readonly cut?: Cut;
  /** Sizes whose product, times `nanoseconds`, is roughly the time of a kernel that divides itself. */
  readonly cost?: { readonly of: readonly string[]; readonly nanoseconds: number };
}

/** Hyperparameters of an Adam step, which lie in device memory because some change from step to step. */
const ADAM_HYPER = [
  'stepSize',
  'biasCorrection2Sqrt',
  'oneMinusBeta1',
  'beta2',
  'oneMinusBeta2',
  'eps',
  'weightDecay',
  'decoupledDecay',
] as const;

/** Hyperparameters of an SGD step. */
const SGD_HYPER = ['learningRate', 'momentum', 'oneMinusDampening', 'weightDecay', 'nesterov'] as const;

const ATTENTION_SIZES = ['rows', 'keys', 'heads', 'kvHeads', 'dim'] as const;
const ATTENTION_COST = ['rows', 'keys', 'heads', 'dim'] as const;
const ATTENTION_BACKWARD = {
  q: 'f32',
  k: 'f32',
  v: 'f32',
  dOut: 'f32',
  stats: 'f32',
  ranges: 'i32',
} as const;

/** Cut of vectors of one length into ranges. */
const stretches = <const Names extends string>(...names: Names[]) => ({
  along: 'length',
  move: Object.fromEntries(names.map((name) => [name, 1 as const])),
});

export const KERNELS = {
  /** `out[i] = value`. */
  fill: {
    out: { out: 'plain' },
    length: 'out',
    types: ['out'],
    numbers: ['value'],
    cut: { own: true },
    cost: { of: ['length'], nanoseconds: 0.5 },
  },
  /**
   * `out[i] = x[i]`, of one type, or rounded from one type of floats to another: to the nearest, ties to even. Packed weights
   * are copied only to f32.
   */
  copy: {
    out: { out: 'unpacked' },
    in: { x: 'any' },
    length: 'x',
    types: ['out', 'x'],
    cast: true,
    cut: { own: true },
    cost: { of: ['length'], nanoseconds: 0.5 },
  },
  /**
   * `out[m,n] = alpha * op(a) op(b) + beta * out + bias`. `a` is `[m, k]`, or stored `[k, m]` with `transA`; `b` is `[k, n]`,
   * or stored `[n, k]` with `transB`; `bias [n]` is added to every row once, after the last step along k, and is not
   * scaled by alpha. Infinities and NaN in a `b` of 16 bits give any numbers. The rows in which a packed `b` is stored are
   * whole groups.
   */
  matmul: {
    out: { out: 'f32' },
    in: { a: 'f32', b: 'weight', bias: 'f32' },
    optional: ['bias'],
    types: ['b'],
    sizes: ['m', 'k', 'n'],
    flags: ['transA', 'transB'],
    numbers: ['alpha', 'beta'],
    cut: { own: true },
    cost: { of: ['m', 'k', 'n'], nanoseconds: 0.05 },
  },
  /**
   * `matmul` with a packed `b`, in integers on `wasm`. With `round(x, t)` for x rounded along k, each 32 steps as
   * `s · round(x / s)` with `s = max |x| / t` (0 where max |x| < 1e-30): `out = round(a, 32767) bᵀ` with `transB` (127 with
   * `coarse`), where the groups of b run along k and its own codes are used, otherwise `round(a, 8191) round(b, 8191)`; then `+ beta * out + bias`. Not on webgpu.
   */
  integerMatmul: {
    out: { out: 'f32' },
    in: { a: 'f32', b: 'packed', bias: 'f32' },
    optional: ['bias'],
    types: ['b'],
    sizes: ['m', 'k', 'n'],
    flags: ['transB', 'coarse'],
    numbers: ['beta'],
    cut: { own: true },
    cost: { of: ['m', 'k', 'n'], nanoseconds: 0.035 },
  },
  /** `out[r,c] += bias[c]`, in place. */
  addBias: {
    out: { out: 'f32' },
    in: { bias: 'f32' },
    sizes: ['rows', 'cols'],
    cut: { along: 'rows', move: { out: 'cols' } },
  },
  /** `out[c] = Σ_r x[r,c] + beta * out[c]`. */
  sumRows: {
    out: { out: 'f32' },
    in: { x: 'f32' },
    sizes: ['rows', 'cols'],
    numbers: ['beta'],
  },
  /** `out[i] = alpha * x[i] + beta * out[i]`. */
  axpby: {
    out: { out: 'f32' },
    in: { x: 'f32' },
    length: 'out',
    numbers: ['alpha', 'beta'],
    cut: stretches('out', 'x'),
  },
  /** `out[i] = a[i] * b[i] + beta * out[i]`. */
  mul: {
    out: { out: 'f32' },
    in: { a: 'f32', b: 'f32' },
    length: 'out',
    numbers: ['beta'],
    cut: stretches('out', 'a', 'b'),
  },
  /** `out[i] = x[i] * factor[0] + beta * out[i]`: the factor lies in memory, so that it may change from step to step. */
  mulScalar: {
    out: { out: 'f32' },
    in: { x: 'f32', factor: 'f32' },
    length: 'out',
    numbers: ['beta'],
    cut: stretches('out', 'x'),
  },
  /** `out[i] = a[i] / b[i] + beta * out[i]`. */
  divide: {
    out: { out: 'f32' },
    in: { a: 'f32', b: 'f32' },
    length: 'out',
    numbers: ['beta'],
    cut: stretches('out', 'a', 'b'),
  },
  /** `out[r,c] = x[r,c] * factors[r] + beta * out[r,c]`. */
  scaleRows: {
    out: { out: 'f32' },
    in: { x: 'f32', factors: 'f32' },
    sizes: ['rows', 'cols'],
    numbers: ['beta'],
    cut: { along: 'rows', move: { out: 'cols', x: 'cols', factors: 1 } },
  },
  /** `out[r,c] = x[r,c] * factors[c] + beta * out[r,c]`. */
  scaleColumns: {
    out: { out: 'f32' },
    in: { x: 'f32', factors: 'f32' },
    sizes: ['rows', 'cols'],
    numbers: ['beta'],
    cut: { along: 'rows', move: { out: 'cols', x: 'cols' } },
  },
  /** `out[r] = √(Σ_c x[r,c]²)`. */
  rowNorms: {
    out: { out: 'f32' },
    in: { x: 'f32' },
    sizes: ['rows', 'cols'],
  },
  /** `x[i] *= min(1, maxNorm / (norm[0] + 1e-6))`, in place; a norm of NaN makes all NaN. */
  clipNorm: {
    out: { x: 'f32' },
    in: { norm: 'f32' },
    length: 'x',
    numbers: ['maxNorm'],
    cut: stretches('x'),
  },
  /**
   * Rows of a table by index, `out[r,c] = table[indices[r] * rowStride + c * colStride]`: rows of `[n, cols]` with the
   * strides cols and 1, columns of `[cols, n]` with 1 and n. An index outside 0…n−1 gives a row of NaN.
   */
  take: {
    out: { out: 'f32' },
    in: { table: 'weight', indices: 'i32' },
    length: 'table',
    types: ['table'],
    sizes: ['rows', 'cols', 'rowStride', 'colStride'],
  },
  /**
   * The reverse of `take`, row after row: `table[indices[r] * rowStride + c * colStride] += x[r,c]`. `beta` is 0 or 1: 0 sets all
   * of the table to 0 first. A row whose index is outside 0…n−1 is skipped.
   */
  addAt: {
    out: { table: 'f32' },
    in: { x: 'f32', indices: 'i32' },
    length: 'table',
    sizes: ['rows', 'cols', 'rowStride', 'colStride'],
    numbers: ['beta'],
  },
  /**
   * `out[i] = h(i) < ⌊probability · 2³²⌋ ? 0 : 1 / (1 − probability)`, the same everywhere: with `state` (i32) = seed, count,
   * `a = mix(seed + count · 0x9e3779b9)`, `h(i) = mix(mix(i ^ a) + (a ^ 0x85ebca6b))` modulo 2³² and mix the last steps of
   * MurmurHash3. Then `state[1] += 1`.
   * @see https://github.com/aappleby/smhasher/wiki/MurmurHash3
   */
  dropoutMask: {
    out: { out: 'f32', state: 'i32' },
    length: 'out',
    numbers: ['probability'],
  },
  /** `out[i] = max(x[i], 0)`; NaN stays NaN. */
  relu: {
    out: { out: 'f32' },
    in: { x: 'f32' },
    length: 'out',
    cut: stretches('out', 'x'),
  },
  /** `dX[i] = (x[i] > 0 ? dOut[i] : 0) + beta * dX[i]`. */
  reluBackward: {
    out: { dX: 'f32' },
    in: { x: 'f32', dOut: 'f32' },
    length: 'dX',
    numbers: ['beta'],
    cut: stretches('dX', 'x', 'dOut'),
  },
  /** `out[i] = x[i] σ(x[i])` with `σ(x) = 1 / (1 + exp(−x))`. */
  silu: {
    out: { out: 'f32' },
    in: { x: 'f32' },
    length: 'out',
    cut: stretches('out', 'x'),
  },
  /** `dX[i] = dOut[i] σ(x[i]) (1 + x[i] (1 − σ(x[i]))) + beta * dX[i]`. */
  siluBackward: {
    out: { dX: 'f32' },
    in: { x: 'f32', dOut: 'f32' },
    length: 'dX',
    numbers: ['beta'],
    cut: stretches('dX', 'x', 'dOut'),
  },
  /**
   * Rotary positions: of each `dim` columns of `x [rows, cols]` the pairs of c and c + dim/2 are rotated by the angles whose cosines
   * and sines stand in row `p = positions[r]` of tables `[n, dim/2]`,
   * `out[r,c] = x[r,c] * cos[p,c] − x[r,c+dim/2] * sin[p,c] + beta * out[r,c]` and
   * `out[r,c+dim/2] = x[r,c+dim/2] * cos[p,c] + x[r,c] * sin[p,c] + beta * out[r,c+dim/2]` for c < dim/2;
   * `inverse` rotates back: −sin in place of sin. A position outside 0…n−1 gives a row of NaN.
   */
  rope: {
    out: { out: 'f32' },
    in: { x: 'f32', cos: 'f32', sin: 'f32', positions: 'i32' },
    length: 'cos',
    sizes: ['rows', 'cols', 'dim'],
    flags: ['inverse'],
    numbers: ['beta'],
    cut: { along: 'rows', move: { out: 'cols', x: 'cols', positions: 1 } },
  },
  /** `out[i] = gate[i] σ(gate[i]) * up[i] + beta * out[i]`; with dOut in place of `up`, it is the gradient of `up`. */
  siluMul: {
    out: { out: 'f32' },
    in: { gate: 'f32', up: 'f32' },
    length: 'out',
    numbers: ['beta'],
    cut: stretches('out', 'gate', 'up'),
  },
  /** `dGate[i] = dOut[i] * up[i] * σ(g) (1 + g (1 − σ(g))) + beta * dGate[i]` with `g = gate[i]`. */
  siluMulBackward: {
    out: { dGate: 'f32' },
    in: { gate: 'f32', up: 'f32', dOut: 'f32' },
    length: 'dGate',
    numbers: ['beta'],
    cut: stretches('dGate', 'gate', 'up', 'dOut'),
  },
  /** `scales[r] = 1 / √(mean_c x[r,c]² + eps)` and `out[r,c] = x[r,c] * scales[r] * weight[c]`. */
  rmsNorm: {
    out: { out: 'f32', scales: 'f32' },
    in: { x: 'f32', weight: 'f32' },
    sizes: ['rows', 'cols'],
    numbers: ['eps'],
    cut: { along: 'rows', move: { out: 'cols', scales: 1, x: 'cols' } },
  },
  /**
   * With `s = scales[r]` of the forward pass and `d[c] = dOut[r,c] * weight[c]`:
   * `dX[r,c] = s * d[c] − s³ * x[r,c] * mean_j (d[j] * x[r,j]) + beta * dX[r,c]`.
   */
  rmsNormBackward: {
    out: { dX: 'f32' },
    in: { x: 'f32', weight: 'f32', scales: 'f32', dOut: 'f32' },
    sizes: ['rows', 'cols'],
    numbers: ['beta'],
    cut: { along: 'rows', move: { dX: 'cols', x: 'cols', scales: 1, dOut: 'cols' } },
  },
  /** `dWeight[c] = Σ_r x[r,c] * scales[r] * dOut[r,c] + beta * dWeight[c]`. */
  rmsNormWeightBackward: {
    out: { dWeight: 'f32' },
    in: { x: 'f32', scales: 'f32', dOut: 'f32' },
    sizes: ['rows', 'cols'],
    numbers: ['beta'],
  },
  /**
   * Attention with the row's maximum subtracted first: `S[i,h,j] = scale q[i,h] · k[j,g]` for the keys that row i sees,
   * `stats[i,h,0] = log Σ_j exp(S[i,h,j])`, `P = exp(S − stats[i,h,0])`, `out[i,h] = Σ_j P[i,h,j] v[j,g]`. `q` and `out` are
   * `[rows, heads · dim]`, `k` and `v` `[keys, kvHeads · dim]`, and `g = ⌊h / (heads / kvHeads)⌋`. `ranges [rows, 4]` holds from,
   * to, prefixFrom, prefixTo: row i sees the rows j with `from ≤ j < to` or `prefixFrom ≤ j < prefixTo`, which do not overlap;
   * bounds are clamped to 0…keys. A row that sees none becomes 0, as do its stats. `stats[i,h,1] = 0`.
   */
  attention: {
    out: { out: 'f32', stats: 'f32' },
    in: { q: 'f32', k: 'f32', v: 'f32', ranges: 'i32' },
    sizes: ATTENTION_SIZES,
    numbers: ['scale'],
    cut: { own: true },
    cost: { of: ATTENTION_COST, nanoseconds: 0.1 },
  },
  /** `stats[i,h,1] = Σ_d dOut[i,h,d] out[i,h,d]`, which is `Σ_j P dP` of the row; `stats[i,h,0]` stays. */
  attentionDots: {
    out: { stats: 'f32' },
    in: { out: 'f32', dOut: 'f32' },
    sizes: ['rows', 'heads', 'dim'],
    cut: { own: true },
    cost: { of: ['rows', 'heads', 'dim'], nanoseconds: 0.3 },
  },
  /**
   * `dQ[i,h] = Σ_j dS[i,h,j] k[j,g] + beta * dQ[i,h]` with `dP[i,h,j] = dOut[i,h] · v[j,g]`,
   * `dS = scale P (dP − stats[i,h,1])` and P made again from `stats[i,h,0]`.
   */
  attentionQueriesBackward: {
    out: { dQ: 'f32' },
    in: ATTENTION_BACKWARD,
    sizes: ATTENTION_SIZES,
    numbers: ['scale', 'beta'],
    cut: { own: true },
    cost: { of: ATTENTION_COST, nanoseconds: 0.15 },
  },
  /**
   * `dK[j,g] = Σ dS[i,h,j] q[i,h] + beta * dK[j,g]` and `dV[j,g] = Σ P[i,h,j] dOut[i,h] + beta * dV[j,g]`, over the rows i that
   * see key j and the heads h of g, in a fixed order. Only the outputs that are given are computed.
   */
  attentionKeysBackward: {
    out: { dK: 'f32', dV: 'f32' },
    in: ATTENTION_BACKWARD,
    optional: ['dK', 'dV'],
    sizes: ATTENTION_SIZES,
    numbers: ['scale', 'beta'],
    cut: { own: true },
    cost: { of: ATTENTION_COST, nanoseconds: 0.2 },
  },
  /**
   * Mean cross-entropy of `logits [rows, cols]` against class indices `targets [rows]`:
   * `loss[0] = mean_r (log Σ_c exp(logits[r,c]) − logits[r,targets[r]])` and
   * `dLogits[r,c] = (softmax(logits[r])[c] − [c = targets[r]]) / rows`, with the row's maximum subtracted
   * first. A target outside 0…cols−1 makes the loss and its row of dLogits NaN.
   */
  softmaxCrossEntropy: {
    out: { loss: 'f32', dLogits: 'f32' },
    in: { logits: 'f32', targets: 'i32' },
    sizes: ['rows', 'cols'],
  },
  /**
   * Cross-entropy of each row of `logits [rows, cols]` against class indices `targets [rows]`; its gradient
   * replaces the logits and therefore has no beta. With t = targets[r] and s = scale[0], which lies in memory:
   * `losses[r] = s (log Σ_c exp(logits[r,c]) − logits[r,t])`, then `logits[r,c] = s (softmax(logits[r])[c] − [c = t])`, with
   * the row's maximum subtracted first. For a target below 0 loss and row become 0. One of cols or more makes both NaN.
   */
  vocabularyLoss: {
    out: { losses: 'f32', logits: 'f32' },
    in: { targets: 'i32', scale: 'f32' },
    sizes: ['rows', 'cols'],
    cut: { along: 'rows', move: { logits: 'cols', losses: 1, targets: 1 } },
  },
  /**
   * Writes `x[0]` at the end of a list and makes it longer: `list[0]` counts, `list[1 + list[0]] = x[0]`,
   * `list[0] += 1`. A full list does not change. It lets the losses of many steps be read at once. A repeated program stops
   * after an `append` of a number that is not finite, where every step's loss is read.
   */
  append: {
    out: { list: 'f32' },
    in: { x: 'f32' },
    length: 'list',
  },
  /**
   * One Adam step over the elements of `param`. `hyper` holds, in the order of its fields, the step size
   * `lr / (1 − beta1^t)`, `√(1 − beta2^t)` and the constants:
   * `g = grad + weightDecay * p` · `p −= decoupledDecay * p` · `m += (1 − beta1)(g − m)` ·
   * `v = beta2 v + (1 − beta2) g²` · `p −= stepSize * m / (√v / biasCorrection2Sqrt + eps)`.
   */
  adamStep: {
    out: { param: 'f32', m: 'f32', v: 'f32' },
    in: { grad: 'f32', hyper: 'f32' },
    length: 'param',
    fields: { hyper: ADAM_HYPER },
    cut: stretches('param', 'm', 'v', 'grad'),
  },
  /** One SGD step over the elements of `param`, `hyper` in the order of its fields: `p −= lr * (grad + weightDecay * p)`. */
  sgdStep: {
    out: { param: 'f32' },
    in: { grad: 'f32', hyper: 'f32' },
    length: 'param',
    fields: { hyper: SGD_HYPER },
    cut: stretches('param', 'grad'),
  },
  /**
   * An SGD step with momentum: `g = grad + weightDecay * p` · `velocity = momentum * velocity + (1 − dampening) g` ·
   * `p −= lr * (nesterov ? g + momentum * velocity : velocity)`.
   */
  sgdMomentumStep: {
    out: { param: 'f32', velocity: 'f32' },
    in: { grad: 'f32', hyper: 'f32' },
    length: 'param',
    fields: { hyper: SGD_HYPER },
    cut: stretches('param', 'velocity', 'grad'),
  },
  /**
   * A batch of rows from bytes: `out[r,c] = bytes[indices[r], c] * scale + shift` for
   * `r < rows`, `c < cols`, so `(byte/255 − mean) / std` has `scale = 1/(255 std)`, `shift = −mean/std`.
   */
  gatherRows: {
    out: { out: 'f32' },
    in: { bytes: 'u8', indices: 'i32' },
    sizes: ['rows', 'cols'],
    numbers: ['scale', 'shift'],
    cut: { along: 'rows', move: { out: 'cols', indices: 1 } },
  },
  /** Class indices of a batch: `out[r] = labels[indices[r]]`, u8 to i32. */
  gatherLabels: {
    out: { out: 'i32' },
    in: { labels: 'u8', indices: 'i32' },
    length: 'out',
  },
  /**
   * Counts predictions per class: for each row `counts[t] += 1` and, where the first largest logit is not
   * at `t = targets[r]` (or is NaN), `counts[cols + t] += 1`. `counts [2, cols]`.
   * Rows whose target is outside 0…cols−1 are not counted.
   */
  countWrong: {
    out: { counts: 'i32' },
    in: { logits: 'f32', targets: 'i32' },
    sizes: ['rows', 'cols'],
  },
} as const satisfies Record<string, KernelRow>;

export type KernelName = keyof typeof KERNELS;

type Text<T> = T extends string ? T : never;
/** The strings of a row's list; never where it has none. */
type Listed<Row, Key extends string> = Row extends { readonly [K in Key]: readonly (infer Name)[] }
  ? Text<Name>
  : never;
/** The names of a row's storages; never where it has none. */
type Keyed<Row, Key extends string> = Row extends { readonly [K in Key]: infer Names }
  ? Text<keyof Names>
  : never;
/** Numbers with a default. */
type Defaulted = 'alpha' | 'beta';

/** The arguments of a row by name; `S` stands for a storage. */
export type ArgumentsOf<Row, S> = {
  readonly [Name in Exclude<Keyed<Row, 'out'> | Keyed<Row, 'in'>, Listed<Row, 'optional'>>]: S;
} & { readonly [Name in Listed<Row, 'optional'>]?: S | undefined } & {
  readonly [Name in Listed<Row, 'sizes'> | Exclude<Listed<Row, 'numbers'>, Defaulted>]: number;
} & { readonly [Name in Extract<Listed<Row, 'numbers'>, Defaulted>]?: number | undefined } & {
  readonly [Name in Listed<Row, 'flags'>]?: boolean | undefined;
};

/** The names of a storage's elements. */
type FieldOf<Row, Name extends string> = Row extends {
  readonly fields: { readonly [N in Name]: readonly (infer Field)[] };
}
  ? Text<Field>
  : never;

/** The values of a storage whose elements have names, in their order. */
export function fieldValues<Name extends KernelName, Of extends string>(
  kernel: Name,
  storage: Of,
  values: Readonly<Record<FieldOf<(typeof KERNELS)[Name], Of>, number>>,
): number[] {
  const { fields }: KernelRow = KERNELS[kernel];
  const given: Readonly<Record<string, number>> = values;
  return (fields?.[storage] ?? []).map((field) => given[field]);
}

/** A row as ordered operands: outputs, inputs, then the numbers derived from them, sizes, flags and numbers. */
export interface Layout {
  readonly storages: readonly {
    readonly name: string;
    readonly type: ElementType;
    readonly isOutput: boolean;
  }[];
  readonly optional: readonly string[];
  readonly length: string | undefined;
  readonly types: readonly string[];
  readonly isCast: boolean;
  readonly sizes: readonly string[];
  readonly flags: readonly string[];
  readonly numbers: readonly string[];
}

/** The operands of a row, in the order of every backend. */
export function layoutOf(row: KernelRow): Layout {
  const { optional = [], length, types = [], cast = false, sizes = [], flags = [], numbers = [] } = row;
  const storages = [
    ...Object.entries(row.out).map(([name, type]) => ({ name, type, isOutput: true })),
    ...Object.entries(row.in ?? {}).map(([name, type]) => ({ name, type, isOutput: false })),
  ];
  return { storages, optional, length, types, isCast: cast, sizes, flags, numbers };
}

/** The default of an omitted number. */
export function defaultOf(name: string): number {
  return name === 'alpha' ? 1 : 0;
}

/**
 * Checks the element type of a kernel's storage; cheap where it is the one that the row names.
 * @throws TypeError when the kernel does not accept it there
 */
export function checkType(kernel: KernelName, name: string, expected: ElementType, found: DType): void {
  const accepted: readonly DType[] = ACCEPTED[expected];
  if (found === expected || accepted.includes(found)) return;
  throw new TypeError(`${kernel}: ${name} must be ${accepted.join(' or ')}: got ${found}`);
}

/** @throws TypeError unless both are of one type, or both are floats, or `out` is f32 where `x` is packed */
export function checkCast(kernel: KernelName, out: DType, x: DType): void {
  if (isPackedType(x)) {
    if (out === 'f32') return;
    throw new TypeError(`${kernel}: out must be f32 for an x of ${x}: got ${out}`);
  }
  const floats: readonly DType[] = ACCEPTED.weight;
  if (out === x || (floats.includes(out) && floats.includes(x))) return;
  throw new TypeError(`${kernel}: out must be ${x}: got ${out}`);
}
