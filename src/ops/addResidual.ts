import { record } from '../autograd/record.js';
import type { Tensor } from '../tensor.js';
import { passGradient } from './add.js';
import { checkFloats, checkShape } from './check.js';

/**
 * `out = stream + branch`, computed in the memory of the branch, which cannot be used afterwards: the sum at the end of a
 * transformer's block. The stream is not changed.
 * @param branch  the same shape, the output of an op that nothing else uses
 * @throws ShapeError when the shapes differ, Error when the branch's memory cannot be taken over
 */
export function addResidual(stream: Tensor, branch: Tensor): Tensor {
  checkFloats('addResidual', { stream, branch });
  checkShape('addResidual', 'branch', branch, stream.shape);
  const { device } = stream;
  if (stream === branch) throw new Error('addResidual: stream and branch must be two tensors');
  const out = branch.takeStorage('addResidual');
  device.run('axpby', { out, x: stream.storage, beta: 1 });
  return record({
    device,
    out,
    shape: stream.shape,
    inputs: [stream, branch],
    backward: (dOut, grad, _, passOn) => {
      passGradient(device, dOut, stream, grad);
      passOn(branch);
    },
  });
}
