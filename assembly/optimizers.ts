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
 */
export function adamStep(param: usize, grad: usize, m: usize, v: usize, length: usize, hyper: usize): void {
  const keep = f32x4.splat(1 - load<f32>(hyper, ADAM_DECOUPLED_DECAY));
  const weightDecay = v128.load32_splat(hyper, ADAM_WEIGHT_DECAY);
  const end = param + (length << 2);
  const vectorEnd = param + ((length & ~3) << 2);
  for (; param < vectorEnd; param += 16, grad += 16, m += 16, v += 16) {
    const p = v128.load(param);
    const g = madd(weightDecay, p, v128.load(grad));
    const mean = adamMean(v128.load(m), g, hyper);
    const square = adamSquare(v128.load(v), g, hyper);
    v128.store(m, mean);
    v128.store(v, square);
    v128.store(param, f32x4.sub(f32x4.mul(keep, p), adamUpdate(mean, square, hyper)));
  }
  const tail = (end - param) >> 2;
  if (tail === 0) return;
  const zeros = f32x4.splat(0);
  const p = loadTail(param, tail, zeros);
  const g = madd(weightDecay, p, loadTail(grad, tail, zeros));
  const mean = adamMean(loadTail(m, tail, zeros), g, hyper);
  const square = adamSquare(loadTail(v, tail, zeros), g, hyper);
  storeTail(m, mean, tail);
  storeTail(v, square, tail);
  storeTail(param, f32x4.sub(f32x4.mul(keep, p), adamUpdate(mean, square, hyper)), tail);
}

/** `m + (1 − beta1)(g − m)`. */
function adamMean(m: v128, g: v128, hyper: usize): v128 {
  return madd(v128.load32_splat(hyper, ADAM_ONE_MINUS_BETA1), f32x4.sub(g, m), m);
}

/** `beta2 v + (1 − beta2) g²`. */
function adamSquare(v: v128, g: v128, hyper: usize): v128 {
  const added = f32x4.mul(f32x4.mul(g, g), v128.load32_splat(hyper, ADAM_ONE_MINUS_BETA2));
  return madd(v128.load32_splat(hyper, ADAM_BETA2), v, added);
}

/** `stepSize * m / (√v / biasCorrection2Sqrt + eps)`. */
function adamUpdate(mean: v128, square: v128, hyper: usize): v128 {
  const root = f32x4.div(f32x4.sqrt(square), v128.load32_splat(hyper, ADAM_BIAS_CORRECTION2_SQRT));
  const denominator = f32x4.add(root, v128.load32_splat(hyper, ADAM_EPS));
  return f32x4.div(f32x4.mul(v128.load32_splat(hyper, ADAM_STEP_SIZE), mean), denominator);
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
