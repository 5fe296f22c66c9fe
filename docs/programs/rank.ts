/** What the rank limits: a change of rank 2, learned by adapters of rank 1, 2 and 4. */
import {
  Adam,
  add,
  applyLora,
  Linear,
  matmul,
  mul,
  Random,
  reshape,
  Sequential,
  selectDevice,
  type Tensor,
  tensor,
} from 'lowrank';

const { device } = await selectDevice({ deterministic: true });
const [inFeatures, outFeatures, rows] = [32, 16, 64];
const random = new Random(1);
const values = (...shape: number[]) =>
  tensor(
    device,
    Array.from({ length: shape.reduce((a, b) => a * b) }, () =>
      random.normal(),
    ),
    shape,
  );

// The layer, and what it is to become: its weight plus a change of rank 2.
const layer = new Linear(device, inFeatures, outFeatures, { random });
const change = matmul(values(outFeatures, 2), values(2, inFeatures), {
  alpha: 0.2,
}).keep();
const x = values(rows, inFeatures);
const target = add(
  layer.forward(x),
  matmul(x, change, { transB: true }),
).keep();

const ones = tensor(device, new Array(rows * outFeatures).fill(1), [
  rows * outFeatures,
  1,
]);
function meanSquare(y: Tensor): Tensor {
  const error = add(y, target, { alpha: -1 });
  return matmul(
    reshape(mul(error, error), [1, rows * outFeatures]),
    ones,
    {
      alpha: 1 / (rows * outFeatures),
    },
  );
}

for (const rank of [1, 2, 4]) {
  const model = new Sequential(layer);
  await applyLora(model, { rank, alpha: rank });
  const optimizer = new Adam(model.parameters(), {
    learningRate: 0.02,
  });
  for (let step = 0; step < 500; step++) {
    optimizer.zeroGrad();
    meanSquare(model.forward(x)).backward();
    optimizer.step();
  }
  console.log(
    `rank ${rank}: error ${(await meanSquare(model.forward(x)).item()).toFixed(4)}`,
  );
}
device.dispose();
