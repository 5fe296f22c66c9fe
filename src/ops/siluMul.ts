import { record } from '../autograd/record.js';
import type { Storage } from '../backends/backend.js';
import type { Tensor } from '../tensor.js';
import { checkFloats, checkShape } from './check.js';

/**
 * `out[i] = gate[i] σ(gate[i]) · up[i]`, elementwise, with `σ(x) = 1 / (1 + exp(−x))`: a feed-forward layer's SwiGLU.
 * @param gate  any shape
 * @param up    the same shape
 * @throws ShapeError when the shapes differ
 * @see https://arxiv.org/abs/2002.05202
 */
export function siluMul(gate: Tensor, up: Tensor): Tensor {
  checkFloats('siluMul', { gate, up });
  checkShape('siluMul', 'up', up, gate.shape);
  const { device } = gate;
  const out = device.alloc('f32', gate.length);
  const g = gate.storage;
  const compute = (to: Storage) => device.run('siluMul', { out: to, gate: g, up: up.storage });
  compute(out);
  return record({
    device,
    out,
    shape: gate.shape,
    inputs: [gate, up],
    remake: compute,
    backward: (dOut, grad) => {
      grad(up, (dUp, beta) => device.run('siluMul', { out: dUp, gate: g, up: dOut, beta }));
      grad(gate, (dGate, beta) =>
        device.run('siluMulBackward', { dGate, gate: g, up: up.storage, dOut, beta }),
      );
    },
  });
}
