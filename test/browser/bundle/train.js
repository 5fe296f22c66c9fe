/** Code that every way of loading runs: it trains, saves and loads an adapter, on the named device. */
export async function train(lowrank, prefer) {
  const {
    Adam,
    Dataset,
    Linear,
    Random,
    ReLU,
    Sequential,
    applyLora,
    evaluate,
    fit,
    loadAdapter,
    saveAdapter,
  } = lowrank;
  const { device, reason } = await lowrank.selectDevice({ prefer });
  const random = new Random(3);
  const images = Uint8Array.from({ length: 200 * 784 }, () => 256 * random.uniform());
  const labels = Uint8Array.from({ length: 200 }, (_, i) => i % 10);
  const data = Dataset.fromBytes(device, images, labels, { features: 784, classes: 10, mean: 0.5, std: 0.3 });
  const network = () => {
    const random = new Random(1);
    const [first, last] = [new Linear(device, 784, 32, { random }), new Linear(device, 32, 10, { random })];
    return new Sequential(first, new ReLU(), last);
  };
  const model = network();
  await applyLora(model, { rank: 2, init: 'pissa' });
  const optimizer = new Adam(model.parameters(), { learningRate: 0.01 });
  const { meanLoss, repeated } = await fit(model, data, { optimizer, epochs: 3 });
  const { accuracy } = await evaluate(model, data);
  const files = new Map();
  await saveAdapter(model, files);
  const again = network();
  await loadAdapter(again, files);
  const loaded = (await evaluate(again, data)).accuracy;
  return { name: device.name, features: [...device.features], reason, meanLoss, repeated, accuracy, loaded };
}
