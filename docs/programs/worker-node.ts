/** A training run in a worker of Node, so that the main thread stays free. */
// #region main
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
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

if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url));
  worker.on('message', (files: Map<string, Uint8Array>) => {
    for (const [name, bytes] of files)
      console.log(
        `${name}: ${bytes.length > 0 ? 'received' : 'empty'}`,
      );
  });
} else {
  const files = await train();
  parentPort?.postMessage(files);
}
// #endregion main

// #region worker
async function train(): Promise<Map<string, Uint8Array>> {
  const { device } = await selectDevice({ prefer: 'wasm' });
  const random = new Random(0);
  const bytes = Uint8Array.from(
    { length: 2 * 500 },
    () => 256 * random.uniform(),
  );
  const labels = Uint8Array.from({ length: 500 }, (_, i) =>
    Number(bytes[2 * i] > bytes[2 * i + 1]),
  );
  const data = Dataset.fromBytes(device, bytes, labels, {
    features: 2,
    classes: 2,
    mean: 0.5,
    std: 0.29,
  });
  const model = new Sequential(
    new Linear(device, 2, 16, { random }),
    new ReLU(),
    new Linear(device, 16, 2, { random }),
  );
  await applyLora(model, { rank: 2, alpha: 4 });
  await fit(model, data, {
    optimizer: new Adam(model.parameters(), { learningRate: 0.01 }),
    epochs: 2,
  });

  const files = new Map<string, Uint8Array>();
  await saveAdapter(model, files); // adapter_config.json and adapter_model.safetensors
  device.dispose(); // ends the device's own threads
  return files;
}
// #endregion worker
