/**
 * Every kernel as plain loops in float64: the documentation of what a kernel computes, and the oracle that the fast
 * backends are compared with. Nothing here is optimised for speed.
 */
import { ATTENTION_KERNELS } from './attention.js';
import { type Reference, scaled } from './loops.js';
import { roundedAlong } from './rounding.js';

export const REFERENCE_KERNELS: Reference = {
  fill({ out, value }) {
    out.fill(value);
  },

  copy({ out, x }) {
    out.set(x);
  },

  matmul({ out, a, b, bias, m, k, n, transA, transB, alpha = 1, beta = 0 }) {
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let l = 0; l < k; l++) {
          sum += a[transA ? l * m + i : i * k + l] * b[transB ? j * k + l : l * n + j];
        }
        out[i * n + j] = alpha * sum + scaled(beta, out, i * n + j) + (bias ? bias[j] : 0);
      }
    }
  },

  integerMatmul({ out, a, b, bias, m, k, n, transB, coarse, beta = 0 }) {
    const left = roundedAlong(a, m, k, [k, 1], !transB ? 8191 : coarse ? 127 : 32767);
    // Weight l of column j; with transB the weight itself is not rounded.
    const right = transB ? b : roundedAlong(b, n, k, [1, n], 8191);
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let l = 0; l < k; l++) sum += left[i * k + l] * right[transB ? j * k + l : l * n + j];
        out[i * n + j] = sum + scaled(beta, out, i * n + j) + (bias ? bias[j] : 0);
      }
    }
  },

  addBias({ out, bias, rows, cols }) {
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < cols; c++) out[r * cols + c] += bias[c];
    }
  },

  sumRows({ out, x, rows, cols, beta = 0 }) {
    for (let c = 0; c < cols; c++) {
      let sum = scaled(beta, out, c);
      for (let r = 0; r < rows; r++) sum += x[r * cols + c];
      out[c] = sum;
    }
  },

  axpby({ out, x, alpha = 1, beta = 0 }) {
    for (let i = 0; i < out.length; i++) out[i] = alpha * x[i] + scaled(beta, out, i);
  },

  mul({ out, a, b, beta = 0 }) {
    for (let i = 0; i < out.length; i++) out[i] = a[i] * b[i] + scaled(beta, out, i);
  },

  mulScalar({ out, x, factor, beta = 0 }) {
    for (let i = 0; i < out.length; i++) out[i] = x[i] * factor[0] + scaled(beta, out, i);
  },

  divide({ out, a, b, beta = 0 }) {
    for (let i = 0; i < out.length; i++) out[i] = a[i] / b[i] + scaled(beta, out, i);
  },

  scaleRows({ out, x, factors, rows, cols, beta = 0 }) {
    for (let i = 0; i < rows * cols; i++) {
      out[i] = x[i] * factors[Math.floor(i / cols)] + scaled(beta, out, i);
    }
  },

  scaleColumns({ out, x, factors, rows, cols, beta = 0 }) {
    for (let i = 0; i < rows * cols; i++) out[i] = x[i] * factors[i % cols] + scaled(beta, out, i);
  },

  rowNorms({ out, x, rows, cols }) {
    for (let r = 0; r < rows; r++) {
      let sum = 0;
      for (let c = 0; c < cols; c++) sum += x[r * cols + c] ** 2;
      out[r] = Math.sqrt(sum);
    }
  },

  clipNorm({ x, norm, maxNorm }) {
    const factor = Math.min(1, maxNorm / (norm[0] + 1e-6));
    for (let i = 0; i < x.length; i++) x[i] *= factor;
  },

  take({ out, table, indices, rows, cols, rowStride, colStride }) {
    const count = table.length / cols;
    for (let r = 0; r < rows; r++) {
      const isInside = indices[r] >= 0 && indices[r] < count;
      for (let c = 0; c < cols; c++) {
        out[r * cols + c] = isInside ? table[indices[r] * rowStride + c * colStride] : Number.NaN;
      }
    }
  },

  addAt({ table, x, indices, rows, cols, rowStride, colStride, beta = 0 }) {
    const count = table.length / cols;
    if (beta === 0) table.fill(0);
    for (let r = 0; r < rows; r++) {
      if (!(indices[r] >= 0 && indices[r] < count)) continue;
      for (let c = 0; c < cols; c++) table[indices[r] * rowStride + c * colStride] += x[r * cols + c];
    }
  },

  dropoutMask({ out, state, probability }) {
    const a = mix(state[0] + Math.imul(state[1], 0x9e3779b9));
    const threshold = Math.floor(probability * 2 ** 32);
    for (let i = 0; i < out.length; i++) {
      out[i] = mix(mix(i ^ a) + (a ^ 0x85ebca6b)) < threshold ? 0 : 1 / (1 - probability);
    }
    state[1] += 1;
  },

  relu({ out, x }) {
    for (let i = 0; i < out.length; i++) out[i] = Math.max(x[i], 0);
  },

  reluBackward({ dX, x, dOut, beta = 0 }) {
    for (let i = 0; i < dX.length; i++) dX[i] = (x[i] > 0 ? dOut[i] : 0) + scaled(beta, dX, i);
  },

  silu({ out, x }) {
    for (let i = 0; i < out.length; i++) out[i] = x[i] / (1 + Math.exp(-x[i]));
  },

  siluBackward({ dX, x, dOut, beta = 0 }) {
    for (let i = 0; i < dX.length; i++) {
      const sigmoid = 1 / (1 + Math.exp(-x[i]));
      dX[i] = dOut[i] * sigmoid * (1 + x[i] * (1 - sigmoid)) + scaled(beta, dX, i);
    }
  },

  rope({ out, x, cos, sin, positions, rows, cols, dim, inverse, beta = 0 }) {
    const half = dim / 2;
    for (let i = 0; i < rows * cols; i++) {
      const c = (i % cols) % dim;
      const position = positions[Math.floor(i / cols)];
      const at = position * half + (c % half);
      const isInside = position >= 0 && position < cos.length / half;
      const turned = c < half ? -x[i + half] : x[i - half];
      const rotated = x[i] * cos[at] + (inverse ? -turned : turned) * sin[at];
      out[i] = isInside ? rotated + scaled(beta, out, i) : Number.NaN;
    }
  },

  siluMul({ out, gate, up, beta = 0 }) {
    for (let i = 0; i < out.length; i++) {
      out[i] = (gate[i] / (1 + Math.exp(-gate[i]))) * up[i] + scaled(beta, out, i);
    }
  },

  siluMulBackward({ dGate, gate, up, dOut, beta = 0 }) {
    for (let i = 0; i < dGate.length; i++) {
      const sigmoid = 1 / (1 + Math.exp(-gate[i]));
      const slope = sigmoid * (1 + gate[i] * (1 - sigmoid));
      dGate[i] = dOut[i] * up[i] * slope + scaled(beta, dGate, i);
    }
  },

  rmsNorm({ out, scales, x, weight, rows, cols, eps }) {
    for (let r = 0; r < rows; r++) {
      let sum = 0;
      for (let c = 0; c < cols; c++) sum += x[r * cols + c] ** 2;
      scales[r] = 1 / Math.sqrt(sum / cols + eps);
      for (let c = 0; c < cols; c++) out[r * cols + c] = x[r * cols + c] * scales[r] * weight[c];
    }
  },

  rmsNormBackward({ dX, x, weight, scales, dOut, rows, cols, beta = 0 }) {
    for (let r = 0; r < rows; r++) {
      let sum = 0;
      for (let c = 0; c < cols; c++) sum += dOut[r * cols + c] * weight[c] * x[r * cols + c];
      const pull = (scales[r] ** 3 * sum) / cols;
      for (let c = 0, i = r * cols; c < cols; c++, i++) {
        dX[i] = scales[r] * dOut[i] * weight[c] - pull * x[i] + scaled(beta, dX, i);
      }
    }
  },

  rmsNormWeightBackward({ dWeight, x, scales, dOut, rows, cols, beta = 0 }) {
    for (let c = 0; c < cols; c++) {
      let sum = scaled(beta, dWeight, c);
      for (let r = 0; r < rows; r++) sum += x[r * cols + c] * scales[r] * dOut[r * cols + c];
      dWeight[c] = sum;
    }
  },
  ...ATTENTION_KERNELS,

  softmaxCrossEntropy({ loss, dLogits, logits, targets, rows, cols }) {
    let total = 0;
    for (let r = 0; r < rows; r++) {
      const row = logits.subarray(r * cols, (r + 1) * cols);
      const target = targets[r];
      if (target < 0 || target >= cols) {
        total = Number.NaN;
        dLogits.fill(Number.NaN, r * cols, (r + 1) * cols);
        continue;
      }
      let max = Number.NEGATIVE_INFINITY;
      for (const value of row) max = Math.max(max, value);
      let sum = 0;
      for (const value of row) sum += Math.exp(value - max);
      total += Math.log(sum) - (row[target] - max);
      for (let c = 0; c < cols; c++) {
        dLogits[r * cols + c] = (Math.exp(row[c] - max) / sum - (c === target ? 1 : 0)) / rows;
      }
    }
    loss[0] = total / rows;
  },

  vocabularyLoss({ losses, logits, targets, scale, rows, cols }) {
    for (let r = 0; r < rows; r++) {
      const row = logits.subarray(r * cols, (r + 1) * cols);
      const target = targets[r];
      if (target < 0 || target >= cols) {
        losses[r] = target < 0 ? 0 : Number.NaN;
        row.fill(losses[r]);
        continue;
      }
      let max = Number.NEGATIVE_INFINITY;
      for (const value of row) max = Math.max(max, value);
      let sum = 0;
      for (const value of row) sum += Math.exp(value - max);
      losses[r] = scale[0] * (Math.log(sum) - (row[target] - max));
      for (let c = 0; c < cols; c++) {
        row[c] = scale[0] * (Math.exp(row[c] - max) / sum - (c === target ? 1 : 0));
      }
    }
  },

  append({ list, x }) {
    const count = list[0];
    if (1 + count >= list.length) return;
    list[1 + count] = x[0];
    list[0] = count + 1;
  },

  adamStep({ param, m, v, grad, hyper }) {
    const [
      stepSize,
      biasCorrection2Sqrt,
      oneMinusBeta1,
      beta2,
      oneMinusBeta2,
      eps,
      weightDecay,
      decoupledDecay,
    ] = hyper;
    for (let i = 0; i < param.length; i++) {
      const g = grad[i] + weightDecay * param[i];
      param[i] -= decoupledDecay * param[i];
      m[i] += oneMinusBeta1 * (g - m[i]);
      v[i] = beta2 * v[i] + oneMinusBeta2 * g * g;
      param[i] -= (stepSize * m[i]) / (Math.sqrt(v[i]) / biasCorrection2Sqrt + eps);
    }
  },

  sgdStep({ param, grad, hyper }) {
    const [learningRate, , , weightDecay] = hyper;
    for (let i = 0; i < param.length; i++) param[i] -= learningRate * (grad[i] + weightDecay * param[i]);
  },

  sgdMomentumStep({ param, velocity, grad, hyper }) {
    const [learningRate, momentum, oneMinusDampening, weightDecay, nesterov] = hyper;
    for (let i = 0; i < param.length; i++) {
      const g = grad[i] + weightDecay * param[i];
      velocity[i] = momentum * velocity[i] + oneMinusDampening * g;
      param[i] -= learningRate * (nesterov === 0 ? velocity[i] : g + momentum * velocity[i]);
    }
  },

  gatherRows({ out, bytes, indices, rows, cols, scale, shift }) {
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < cols; c++) out[r * cols + c] = bytes[indices[r] * cols + c] * scale + shift;
    }
  },

  gatherLabels({ out, labels, indices }) {
    for (let r = 0; r < out.length; r++) out[r] = labels[indices[r]];
  },

  countWrong({ counts, logits, targets, rows, cols }) {
    for (let r = 0; r < rows; r++) {
      const target = targets[r];
      if (target < 0 || target >= cols) continue;
      counts[target] += 1;
      let best = 0;
      for (let c = 1; c < cols; c++) if (logits[r * cols + c] > logits[r * cols + best]) best = c;
      const atTarget = logits[r * cols + target];
      if (best !== target || Number.isNaN(atTarget)) counts[cols + target] += 1;
    }
  },
};

/** The last steps of MurmurHash3, on 32 bits. */
function mix(value: number): number {
  let x = value >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
