/** The worker of a page: trains an adapter, reports each step, and sends its files back. */
// #region worker
import {
  Adam,
  applyLora,
  Dataset,
  fit,
  Linear,
  Random,
  ReLU,
  Sequential,
  saveAdapter,
  selectDevice,
} from 'lowrank';

addEventListener('message', async ({ data: { epochs } }) => {
  try {
    postMessage({ files: await train(epochs) });
  } catch (error) {
    postMessage({ error: `${error}` });
  }
});

async function train(epochs: number): Promise<Map<string, Uint8Array>> {
  const { device, reason } = await selectDevice();
  console.log(`${device.name}: ${reason}`); // how many threads, or why only one
  const random = new Random(0);
  const points = Uint8Array.from(
    { length: 2 * 500 },
    () => 256 * random.uniform(),
  );
  const labels = Uint8Array.from({ length: 500 }, (_, i) =>
    Number(points[2 * i] > points[2 * i + 1]),
  );
  const data = Dataset.fromBytes(device, points, labels, {
    features: 2,
    classes: 2,
    mean: 0.5,
    std: 0.29,
  });
  const layers = [
    new Linear(device, 2, 16, { random }),
    new ReLU(),
    new Linear(device, 16, 2, { random }),
  ];
  const model = new Sequential(...layers);
  await applyLora(model, { rank: 2, alpha: 4 });
  await fit(model, data, {
    optimizer: new Adam(model.parameters(), { learningRate: 0.01 }),
    epochs,
    onStep: ({ iteration, iterations }) =>
      postMessage({ progress: `step ${iteration} of ${iterations}` }),
  });
  const files = new Map<string, Uint8Array>();
  await saveAdapter(model, files);
  device.dispose();
  return files;
}
// #endregion worker
