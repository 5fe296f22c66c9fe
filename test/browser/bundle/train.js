/** What every way of loading runs: an adapter is trained, saved and loaded, on the named device. */
export async function train(lowrank, prefer) {
  const { Adam, Dataset, DigitsNet, Random, applyLora, evaluate, fit, loadAdapter, saveAdapter } = lowrank;
  const { device, reason } = await lowrank.selectDevice({ prefer });
  const random = new Random(3);
  const images = Uint8Array.from({ length: 200 * 784 }, () => 256 * random.uniform());
  const labels = Uint8Array.from({ length: 200 }, (_, i) => i % 10);
  const data = Dataset.fromBytes(device, images, labels, { features: 784, classes: 10, mean: 0.5, std: 0.3 });
  const model = new DigitsNet(device, { seed: 1 });
  await applyLora(model, { rank: 2, init: 'pissa' });
  const optimizer = new Adam(model.parameters(), { learningRate: 0.01 });
  const { meanLoss, repeated } = await fit(model, data, { optimizer, epochs: 3 });
  const { accuracy } = await evaluate(model, data);
  const files = new Map();
  await saveAdapter(model, files);
  const again = new DigitsNet(device, { seed: 1 });
  await loadAdapter(again, files);
  const loaded = (await evaluate(again, data)).accuracy;
  return { name: device.name, features: [...device.features], reason, meanLoss, repeated, accuracy, loaded };
}
