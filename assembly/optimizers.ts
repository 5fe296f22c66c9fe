/**
 * Optimizer steps over one flat block of memory. Numbers that change from step to step (the step size, the bias
 * correction) lie in `hyper`, f32, in the order of the table of kernels.
 */
import { AdamStepHyper, SgdMomentumStepHyper, SgdStepHyper } from './commands.gen';
import { loadTail, madd, storeTail } from './simd';

/**
 * One Adam step, four elements in the four lanes: `g = grad + weightDecay * p`, `p *= 1 − decoupledDecay`,
 * `m += (1 − beta1)(g − m)`, `v = beta2 v + (1 − beta2) g²`,
 * `p −= stepSize * m / (√v / biasCorrection2Sqrt + eps)`.
 *
 * Divisions limit its speed, so the fraction is multiplied by biasCorrection2Sqrt above and below, which leaves one
 * division per element. Each iteration processes two vectors.
 */
export function adamStep(param: usize, m: usize, v: usize, grad: usize, hyper: usize, length: usize): void {
  const correction = load<f32>(hyper, AdamStepHyper.biasCorrection2Sqrt);
  const stepSize = f32x4.splat(load<f32>(hyper, AdamStepHyper.stepSize) * correction);
  const eps = f32x4.splat(load<f32>(hyper, AdamStepHyper.eps) * correction);
  const oneMinusBeta1 = v128.load32_splat(hyper, AdamStepHyper.oneMinusBeta1);
  const beta2 = v128.load32_splat(hyper, AdamStepHyper.beta2);
  const oneMinusBeta2 = v128.load32_splat(hyper, AdamStepHyper.oneMinusBeta2);
  const weightDecay = v128.load32_splat(hyper, AdamStepHyper.weightDecay);
  const keep = f32x4.splat(1 - load<f32>(hyper, AdamStepHyper.decoupledDecay));
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

/** One SGD step: `p −= lr * (grad + weightDecay * p)`. */
export function sgdStep(param: usize, grad: usize, hyper: usize, length: usize): void {
  const zeros = f32x4.splat(0);
  const learningRate = v128.load32_splat(hyper, SgdStepHyper.learningRate);
  const weightDecay = v128.load32_splat(hyper, SgdStepHyper.weightDecay);
  const vectorEnd = param + ((length & ~3) << 2);
  for (; param < vectorEnd; param += 16, grad += 16) {
    const p = v128.load(param);
    const g = madd(weightDecay, p, v128.load(grad));
    v128.store(param, f32x4.sub(p, f32x4.mul(learningRate, g)));
  }
  const tail = length & 3;
  if (tail === 0) return;
  const p = loadTail(param, tail, zeros);
  const g = madd(weightDecay, p, loadTail(grad, tail, zeros));
  storeTail(param, f32x4.sub(p, f32x4.mul(learningRate, g)), tail);
}

/**
 * One SGD step with momentum: `g = grad + weightDecay * p`, `velocity = momentum * velocity + (1 − dampening) g`,
 * `p −= lr * (nesterov ? g + momentum * velocity : velocity)`.
 */
export function sgdMomentumStep(
  param: usize,
  velocity: usize,
  grad: usize,
  hyper: usize,
  length: usize,
): void {
  const zeros = f32x4.splat(0);
  const learningRate = v128.load32_splat(hyper, SgdMomentumStepHyper.learningRate);
  const weightDecay = v128.load32_splat(hyper, SgdMomentumStepHyper.weightDecay);
  const vectorEnd = param + ((length & ~3) << 2);
  for (; param < vectorEnd; param += 16, velocity += 16, grad += 16) {
    const p = v128.load(param);
    const g = madd(weightDecay, p, v128.load(grad));
    const next = sgdVelocity(v128.load(velocity), g, hyper);
    v128.store(velocity, next);
    v128.store(param, f32x4.sub(p, f32x4.mul(learningRate, sgdUpdate(next, g, hyper))));
  }
  const tail = length & 3;
  if (tail === 0) return;
  const p = loadTail(param, tail, zeros);
  const g = madd(weightDecay, p, loadTail(grad, tail, zeros));
  const next = sgdVelocity(loadTail(velocity, tail, zeros), g, hyper);
  storeTail(velocity, next, tail);
  storeTail(param, f32x4.sub(p, f32x4.mul(learningRate, sgdUpdate(next, g, hyper))), tail);
}

function sgdVelocity(velocity: v128, g: v128, hyper: usize): v128 {
  const added = f32x4.mul(v128.load32_splat(hyper, SgdMomentumStepHyper.oneMinusDampening), g);
  return madd(v128.load32_splat(hyper, SgdMomentumStepHyper.momentum), velocity, added);
}

function sgdUpdate(velocity: v128, g: v128, hyper: usize): v128 {
  if (load<f32>(hyper, SgdMomentumStepHyper.nesterov) === 0) return velocity;
  return madd(v128.load32_splat(hyper, SgdMomentumStepHyper.momentum), velocity, g);
}
