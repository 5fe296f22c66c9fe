/** Initial values, as PyTorch's `torch.nn.init` draws them. */
import type { Random } from '../base/random.js';

/** Uniform in [−bound, bound). */
export function uniform(length: number, bound: number, random: Random): Float32Array {
  return Float32Array.from({ length }, () => (2 * random.uniform() - 1) * bound);
}

/** Normal with mean 0 and the given standard deviation. */
export function normal(length: number, std: number, random: Random): Float32Array {
  return Float32Array.from({ length }, () => random.normal() * std);
}

/**
 * Kaiming-uniform with a = √5, which is uniform in ±1/√fanIn: PyTorch's initialization of the weight and bias of a
 * Linear, and PEFT's of the factor A.
 * @see https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.kaiming_uniform_
 */
export function kaimingUniform(length: number, fanIn: number, random: Random): Float32Array {
  return uniform(length, 1 / Math.sqrt(fanIn), random);
}
