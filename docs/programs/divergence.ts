/** A training run that diverges ends with an error that names the iteration. */
import {
  Dataset,
  fit,
  Linear,
  NonFiniteError,
  Random,
  Sequential,
  SGD,
  selectDevice,
} from 'lowrank';

const { device } = await selectDevice({ deterministic: true });
const random = new Random(0);
const points = Uint8Array.from(
  { length: 2 * 1000 },
  () => 256 * random.uniform(),
);
const labels = Uint8Array.from({ length: 1000 }, (_, i) =>
  Number(points[2 * i] > points[2 * i + 1]),
);
const data = Dataset.fromBytes(device, points, labels, {
  features: 2,
  classes: 2,
  mean: 0.5,
  std: 0.29,
});

// #region divergence
for (const learningRate of [0.1, 10]) {
  const seed = new Random(0);
  const layers = [2, 32, 32].map(
    (width) => new Linear(device, width, 32, { random: seed }),
  );
  const model = new Sequential(
    ...layers,
    new Linear(device, 32, 2, { random: seed }),
  );
  try {
    const { meanLoss } = await fit(model, data, {
      optimizer: new SGD(model.parameters(), { learningRate }),
    });
    console.log(
      `learning rate ${learningRate}: mean loss ${meanLoss.toFixed(3)}`,
    );
  } catch (error) {
    if (!(error instanceof NonFiniteError)) throw error;
    console.log(`learning rate ${learningRate}: ${error.message}`);
  }
}
// #endregion divergence
device.dispose();
