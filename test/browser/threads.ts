/** Threads inside a real browser: what the device reports about them, and whether they change a bit. */
import { Adam, Dataset, evaluate, fit, selectDevice } from '../../src/browser.js';
import { DigitsNet } from '../../src/mnist/index.js';

export interface ThreadOutcome {
  readonly features: readonly string[];
  readonly reason: string;
  /** The reason why several threads cannot be requested; undefined where they can. */
  readonly refusal: string | undefined;
  /** Weights after training, on all available threads, and on one. */
  readonly isSame: boolean;
}

export async function tryThreads(): Promise<ThreadOutcome> {
  const { device, reason } = await selectDevice({ prefer: 'wasm' });
  const refusal = await selectDevice({ prefer: 'wasm', threads: 3 }).then(
    (selected) => selected.device.dispose(),
    (error: Error) => error.message,
  );
  const isSame = (await trainOn('auto')) === (await trainOn(1));
  const { features } = device;
  device.dispose();
  return { features, reason, refusal: refusal ?? undefined, isSame };
}

/** A network trained on noise, large enough to be cut into shares, as one text. */
async function trainOn(threads: number | 'auto'): Promise<string> {
  const { device } = await selectDevice({ prefer: 'wasm', threads });
  const images = Uint8Array.from({ length: 784 * 600 }, (_, i) => (i * 7919) % 251);
  const labels = Uint8Array.from({ length: 600 }, (_, i) => i % 10);
  const data = Dataset.fromBytes(device, images, labels, { features: 784, classes: 10, mean: 0.5, std: 0.3 });
  const model = new DigitsNet(device);
  await fit(model, data, { optimizer: new Adam(model.parameters()), batchSize: 100, epochs: 3 });
  const { loss } = await evaluate(model, data);
  const weights = Array.from((await model.stateDict()).values(), (tensor) => tensor.data.join());
  device.dispose();
  return `${loss} ${weights.join()}`;
}
