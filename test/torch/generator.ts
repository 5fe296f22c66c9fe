/**
 * The TypeScript twin of the generator in make_fixtures.py, and the shape of the JSON in fixtures/.
 *
 * The weights of the network are too many to commit, so Python and TypeScript both make them, bit for
 * bit: only 32-bit integer arithmetic, exact float64 operations and one rounding to float32, no
 * transcendental function. It knows nothing of the library, so that it cannot inherit its mistakes.
 */

/** Row-major numbers; `shape` is [] for a scalar. Class indices are whole numbers. */
export interface FixtureTensor {
  shape: number[];
  data: number[];
}

/** What made a fixture file. `seed` is the seed of its pseudo-random inputs. */
export interface FixtureOrigin {
  python: string;
  torch: string;
  numpy: string;
  seed: number;
}

export type LayerOp =
  /** inputs x, weight, bias (absent in one case), dOut → out, dX, dWeight, dBias */
  | 'linear'
  /** inputs a, b, dOut; attributes transA, transB → out, dA, dB */
  | 'matmul'
  /** inputs x [rows, columns], bias [columns], dOut → out, dX, dBias */
  | 'addBias'
  /** inputs a, b, dOut → out, dA, dB */
  | 'mul'
  /** inputs x (one entry is exactly 0), dOut → out, dX */
  | 'relu'
  /** mean over the batch; inputs logits, targets, dOut (a scalar) → loss, dLogits */
  | 'crossEntropy'
  /** inputs hidden, weight, rows, targets (−1 is none), scale, dOut → loss, dHidden */
  | 'linearCrossEntropy'
  /** inputs q, k, v, ranges, dOut; attributes heads, kvHeads → out, dQ, dK, dV */
  | 'attention'
  /** y = x Wᵀ + b + s (x Aᵀ) Bᵀ, W frozen; inputs x, weight, bias, loraA, loraB, dOut;
   *  attributes alpha, rank, scaling → out, dX, dBias, dLoraA, dLoraB */
  | 'loraLinear'
  /** W + s B A, W frozen; inputs weight, loraA, loraB, dOut (of the weight's shape);
   *  attributes alpha, rank, scaling → weight, dLoraA, dLoraB */
  | 'loraParametrization'
  /** relu(linear2(linear1(x))), then mean cross-entropy; inputs x, targets, `linear1.weight` and so on →
   *  logits (after the ReLU), loss, dX, and `d:linear1.weight` and so on */
  | 'network'
  /** inputs x, weight, dOut; attribute eps → out, dX, dWeight */
  | 'rmsNorm'
  /** inputs gate, up, dOut → out, dGate, dUp */
  | 'siluMul'
  /** inputs x, cos, sin, positions, dOut; attribute heads → out, dX */
  | 'rope';

/**
 * One forward and backward in float64. The inputs are exactly representable in float32, so that a
 * float32 backend gets the same ones. `inputs.dOut` is the cotangent of the output.
 */
export interface LayerCase {
  name: string;
  op: LayerOp;
  attributes: {
    transA?: boolean;
    transB?: boolean;
    alpha?: number;
    rank?: number;
    /** alpha / rank */
    scaling?: number;
    eps?: number;
    heads?: number;
    kvHeads?: number;
  };
  inputs: Record<string, FixtureTensor>;
  expected: Record<string, FixtureTensor>;
}

/** layers.json */
export interface LayersFixture extends FixtureOrigin {
  cases: LayerCase[];
}

/** One optimizer in float32. All cases share the parameters and gradients of the file. */
export interface OptimizerCase {
  name: string;
  optimizer: 'adam' | 'adamW' | 'sgd';
  /** Every option, PyTorch's defaults included, in the names of this library. */
  options: {
    learningRate: number;
    weightDecay: number;
    beta1?: number;
    beta2?: number;
    eps?: number;
    momentum?: number;
    dampening?: number;
    nesterov?: boolean;
  };
  /** The parameters after the steps 1, 2 and 10, in the order of `OptimizersFixture.parameters`. */
  expected: { step: number; parameters: FixtureTensor[] }[];
}

/** optimizers.json */
export interface OptimizersFixture extends FixtureOrigin {
  parameters: FixtureTensor[];
  /** `gradients[i][j]` is the gradient of parameter j in step i + 1. */
  gradients: FixtureTensor[][];
  cases: OptimizerCase[];
}

/** How to make a parameter: `uniform(seed, count, bound)`, `normal(seed, count)`, or zeros. */
export interface InitialTensor {
  shape: number[];
  kind: 'uniform' | 'normal' | 'zeros';
  seed?: number;
  bound?: number;
}

/** What is compared of a tensor. The sums are in float64, over all entries, of float32 values. */
export interface TensorCheck {
  sum: number;
  sumAbs: number;
  /** Flat, row-major indices. */
  indices: number[];
  values: number[];
}

/** A training run with Adam over DigitsNet: linear1, linear2, linear3, then one ReLU on the logits. */
export interface Curve {
  name: 'full' | 'parametrization' | 'layer';
  learningRate: number;
  batchSize: number;
  /** Batch i is images i·batchSize … of those training images, in file order, whose label is among these. */
  labels: number[];
  /** 0 and 0 for `full`, which has no adapter. */
  rank: number;
  alpha: number;
  /** Names of the trainable parameters: `linear1.weight`, `linear1.bias`, `linear1.loraA`, `linear1.loraB` … */
  trainable: string[];
  /** The mean cross-entropy of each step, before its update, computed in float32. */
  losses: number[];
  /** The same run in float64 from the same float32 weights, with pixels normalised in float64. */
  lossesFloat64: number[];
  /** Largest |losses − lossesFloat64| / lossesFloat64: the part of a bound that rounding uses up. */
  sensitivity: number;
  /** Gradients of the first two steps; loraB is 0 in step 1, so loraA's gradient is 0 until step 2. */
  gradients: { step: number; parameters: Record<string, TensorCheck> }[];
  /** The trainable parameters after the last step. */
  final: Record<string, TensorCheck>;
}

/** curves.json */
export interface CurvesFixture extends FixtureOrigin {
  /** Values to check the generator itself by, before anything that is made with it. */
  generator: {
    kind: 'uniform' | 'normal';
    seed: number;
    count: number;
    bound?: number;
    indices: number[];
    values: number[];
  }[];
  /** Pixels are (x / 255 − mean) / std in float32. */
  mean: number;
  std: number;
  /** The labels of the first two batches of each selection, and a check of their normalised pixels. */
  batches: { labels: number[]; targets: number[]; pixels: TensorCheck }[];
  /** Recipes of all parameters of all curves; the base is the same in each. */
  initial: Record<string, InitialTensor>;
  curves: Curve[];
}

/**
 * The first `count` outputs of mulberry32, each as its top 24 bits / 2²⁴, in [0, 1), exact in float64.
 *
 *     state ← (state + 0x6D2B79F5) mod 2³², starting from the seed
 *     t ← (state ^ (state >>> 15)) · (state | 1)            mod 2³²
 *     t ← t ^ (t + (t ^ (t >>> 7)) · (t | 61))              mod 2³²
 *     u ← ((t ^ (t >>> 14)) >>> 8) / 2²⁴
 */
function unit(seed: number, count: number): Float64Array {
  const values = new Float64Array(count);
  let state = seed | 0;
  for (let i = 0; i < count; i++) {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    values[i] = ((t ^ (t >>> 14)) >>> 8) / 0x1000000;
  }
  return values;
}

/**
 * value[i] = fround((2·u[i] − 1)·bound), with u[i] the i-th mulberry32 output's top 24 bits / 2²⁴.
 * 2u − 1 is exact; the product is rounded to float64, and that to float32, which is the only place.
 * @param seed  32-bit unsigned integer
 * @param count  number of values
 * @param bound  float64; 1 / Math.sqrt(inFeatures) for a Linear
 */
export function uniform(seed: number, count: number, bound: number): Float32Array {
  return Float32Array.from(unit(seed, count), (u) => Math.fround((2 * u - 1) * bound));
}

/**
 * value[i] = fround(u[12i] + u[12i+1] + … + u[12i+11] − 6): close to normal(0, 1), within ±6.
 * All sums are multiples of 2⁻²⁴ below 2⁴, so they are exact in float64; only the last step rounds.
 * @param seed  32-bit unsigned integer
 * @param count  number of values
 */
export function normal(seed: number, count: number): Float32Array {
  const u = unit(seed, 12 * count);
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    let sum = 0;
    for (let j = 0; j < 12; j++) sum += u[12 * i + j];
    values[i] = Math.fround(sum - 6);
  }
  return values;
}
