/**
 * Optimizer steps over one flat stretch of memory. What changes from step to step (the step size, the bias
 * correction) lies in `hyper`, f32, at the positions that the constants name.
 */
import { loadTail, madd, storeTail } from './simd';

const ADAM_STEP_SIZE: usize = 0;
const ADAM_BIAS_CORRECTION2_SQRT: usize = 4;
const ADAM_ONE_MINUS_BETA1: usize = 8;
const ADAM_BETA2: usize = 12;
const ADAM_ONE_MINUS_BETA2: usize = 16;
const ADAM_EPS: usize = 20;
const ADAM_WEIGHT_DECAY: usize = 24;
const ADAM_DECOUPLED_DECAY: usize = 28;

const SGD_LEARNING_RATE: usize = 0;
const SGD_MOMENTUM: usize = 4;
const SGD_ONE_MINUS_DAMPENING: usize = 8;
const SGD_WEIGHT_DECAY: usize = 12;
const SGD_NESTEROV: usize = 16;

/**
 * One Adam step, four elements in the four lanes: `g = grad + weightDecay * p`, `p *= 1 − decoupledDecay`,
 * `m += (1 − beta1)(g − m)`, `v = beta2 v + (1 − beta2) g²`,
 * `p −= stepSize * m / (√v / biasCorrection2Sqrt + eps)`.
 *
 * Divisions bound it, so the fraction is multiplied by biasCorrection2Sqrt above and below, which leaves one
 * for each element. A turn takes two vectors.
 */
export function adamStep(param: usize, grad: usize, m: usize, v: usize, length: usize, hyper: usize): void {
  const correction = load<f32>(hyper, ADAM_BIAS_CORRECTION2_SQRT);
  const stepSize = f32x4.splat(load<f32>(hyper, ADAM_STEP_SIZE) * correction);
  const eps = f32x4.splat(load<f32>(hyper, ADAM_EPS) * correction);
  const oneMinusBeta1 = v128.load32_splat(hyper, ADAM_ONE_MINUS_BETA1);
  const beta2 = v128.load32_splat(hyper, ADAM_BETA2);
  const oneMinusBeta2 = v128.load32_splat(hyper, ADAM_ONE_MINUS_BETA2);
  const weightDecay = v128.load32_splat(hyper, ADAM_WEIGHT_DECAY);
  const keep = f32x4.splat(1 - load<f32>(hyper, ADAM_DECOUPLED_DECAY));
  const zeros = f32x4.splat(0);
  for (; length >= 8; length -= 8, param += 32, grad += 32, m += 32, v += 32) {
    {
      const p = v128.load(param);
      const g = madd(weightDecay, p, v128.load(grad));
      const mean = adamMean(v128.load(m), g, oneMinusBeta1);
      const square = adamSquare(v128.load(v), g, beta2, oneMinusBeta2);
      v128.store(m, mean);
      v128.store(v, square);
      v128.store(param, f32x4.sub(f32x4.mul(keep, p), adamUpdate(mean, square, stepSize, eps)));
    }
    {
      const p = v128.load(param, 16);
      const g = madd(weightDecay, p, v128.load(grad, 16));
      const mean = adamMean(v128.load(m, 16), g, oneMinusBeta1);
      const square = adamSquare(v128.load(v, 16), g, beta2, oneMinusBeta2);
      v128.store(m, mean, 16);
      v128.store(v, square, 16);
      v128.store(param, f32x4.sub(f32x4.mul(keep, p), adamUpdate(mean, square, stepSize, eps)), 16);
    }
  }
  for (; length > 0; length -= min<usize>(length, 4), param += 16, grad += 16, m += 16, v += 16) {
    const count = min<usize>(length, 4);
    const p = loadTail(param, count, zeros);
    const g = madd(weightDecay, p, loadTail(grad, count, zeros));
    const mean = adamMean(loadTail(m, count, zeros), g, oneMinusBeta1);
    const square = adamSquare(loadTail(v, count, zeros), g, beta2, oneMinusBeta2);
    storeTail(m, mean, count);
    storeTail(v, square, count);
    storeTail(param, f32x4.sub(f32x4.mul(keep, p), adamUpdate(mean, square, stepSize, eps)), count);
  }
}

/** `m + (1 − beta1)(g − m)`. */
function adamMean(m: v128, g: v128, oneMinusBeta1: v128): v128 {
  return madd(oneMinusBeta1, f32x4.sub(g, m), m);
}

/** `beta2 v + (1 − beta2) g²`. */
function adamSquare(v: v128, g: v128, beta2: v128, oneMinusBeta2: v128): v128 {
  return madd(beta2, v, f32x4.mul(f32x4.mul(g, g), oneMinusBeta2));
}

/** `stepSize * m / (√v + eps)`, both constants times the bias correction. */
function adamUpdate(mean: v128, square: v128, stepSize: v128, eps: v128): v128 {
  return f32x4.div(f32x4.mul(stepSize, mean), f32x4.add(f32x4.sqrt(square), eps));
}

/**
 * One SGD step: `g = grad + weightDecay * p`, `velocity = momentum * velocity + (1 − dampening) g`,
 * `p −= lr * (nesterov ? g + momentum * velocity : velocity)`. `velocity = 0` (no address) means that there
 * is none: `p −= lr * g`.
 */
export function sgdStep(param: usize, grad: usize, velocity: usize, length: usize, hyper: usize): void {
  const zeros = f32x4.splat(0);
  const vectorEnd = param + ((length & ~3) << 2);
  const tail = length & 3;
  const learningRate = v128.load32_splat(hyper, SGD_LEARNING_RATE);
  const weightDecay = v128.load32_splat(hyper, SGD_WEIGHT_DECAY);
  for (; param < vectorEnd; param += 16, grad += 16) {
    const p = v128.load(param);
    let update = madd(weightDecay, p, v128.load(grad));
    if (velocity) {
      const next = sgdVelocity(v128.load(velocity), update, hyper);
      v128.store(velocity, next);
      velocity += 16;
      update = sgdUpdate(next, update, hyper);
    }
    v128.store(param, f32x4.sub(p, f32x4.mul(learningRate, update)));
  }
  if (tail === 0) return;
  const p = loadTail(param, tail, zeros);
  let update = madd(weightDecay, p, loadTail(grad, tail, zeros));
  if (velocity) {
    const next = sgdVelocity(loadTail(velocity, tail, zeros), update, hyper);
    storeTail(velocity, next, tail);
    update = sgdUpdate(next, update, hyper);
  }
  storeTail(param, f32x4.sub(p, f32x4.mul(learningRate, update)), tail);
}

function sgdVelocity(velocity: v128, g: v128, hyper: usize): v128 {
  const added = f32x4.mul(v128.load32_splat(hyper, SGD_ONE_MINUS_DAMPENING), g);
  return madd(v128.load32_splat(hyper, SGD_MOMENTUM), velocity, added);
}

function sgdUpdate(velocity: v128, g: v128, hyper: usize): v128 {
  if (load<f32>(hyper, SGD_NESTEROV) === 0) return velocity;
  return madd(v128.load32_splat(hyper, SGD_MOMENTUM), velocity, g);
}
