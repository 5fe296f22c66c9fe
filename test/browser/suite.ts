/** Tests inside a real browser, in a page and in a worker. It does not know the test runner. */
import type { Backend, DeviceName } from '../../src/backends/backend.js';
import {
  Adam,
  applyLora,
  Dataset,
  evaluate,
  evaluateLoss,
  fit,
  saveAdapter,
  selectDevice,
  withAdapterDisabled,
} from '../../src/browser.js';
import { DigitsNet } from '../../src/mnist/index.js';
import { loadLanguageModel, PackedRows, tokenLoss } from '../../src/text.js';
import { type OpCase, opCases } from '../support/opCases.js';
import { opDifference } from '../support/runOp.js';

/** One check; without `error` it held. */
export interface Outcome {
  readonly name: string;
  readonly error?: string;
}

const STEPS = 100;
const IMAGES = 1000;

/** Every op of the table against the reference, then training against WebAssembly. */
export async function runSuite(): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const check = async (name: string, body: () => Promise<void>) => {
    const error = await body().then(
      () => undefined,
      (reason) => String(reason),
    );
    outcomes.push(error === undefined ? { name } : { name, error });
  };
  const open = async (prefer: DeviceName) => (await selectDevice({ prefer })).device;
  const [webgpu, wasm] = [await open('webgpu'), await open('wasm')];
  for (const device of [webgpu, wasm]) {
    for (const op of opCases) await check(`${device.name}: ${op.name}`, () => compareOp(device, op));
  }
  await check('the loss curve of WebGPU stays with that of WebAssembly', async () => {
    const [expected, actual] = [await adapt(wasm), await adapt(webgpu)];
    const worst = Math.max(...expected.losses.map((loss, i) => Math.abs(actual.losses[i] - loss) / loss));
    if (!(worst <= 1e-3)) throw new Error(`the losses differ by ${worst}`);
    if (actual.losses.length !== 2 * STEPS) throw new Error(`${actual.losses.length} losses`);
    if (!(actual.after < 0.8 * actual.before))
      throw new Error(`${actual.before} fell to ${actual.after} only`);
  });
  await check('a language model learns an answer, and its adapter is kept', () => teach(wasm));
  return outcomes;
}

/** A small model from a GGUF file, trained on one example. */
async function teach(device: Backend): Promise<void> {
  const response = await fetch(new URL('../models/fixtures/llama.gguf', import.meta.url));
  if (!response.ok) throw new Error(`llama.gguf: ${response.status}`);
  const { model } = await loadLanguageModel(device, await response.blob());
  await applyLora(model, { rank: 4 });
  const ids = Int32Array.from({ length: 12 }, (_, i) => (37 * i) % 290);
  const rows = new PackedRows(device, [{ ids, labels: ids.map((id, i) => (i < 6 ? -1 : id)) }]);
  const optimizer = new Adam(model.parameters(), { learningRate: 0.02 });
  const losses: number[] = [];
  const onStep = ({ loss }: { loss: number }) => losses.push(loss);
  await fit(model, rows, { optimizer, epochs: 12, loss: tokenLoss, onStep });
  const [first, last] = [losses[0], losses[losses.length - 1]];
  if (!(last < 0.8 * first)) throw new Error(`the loss fell from ${first} to ${last} only`);
  const files = new Map<string, Uint8Array>();
  await saveAdapter(model, files);
  if (files.size !== 2) throw new Error(`${[...files.keys()]} were saved`);
  const off = await withAdapterDisabled(model, () => evaluateLoss(model, rows, { loss: tokenLoss }));
  if (Math.abs(off / first - 1) > 1e-6) throw new Error(`without the adapter it is ${off}, not ${first}`);
}

async function compareOp(device: Backend, op: OpCase): Promise<void> {
  const difference = await opDifference(device, op);
  if (difference !== undefined) throw new Error(difference);
}

/** Trains the network and then a wrapper adapter, on real images. */
async function adapt(device: Backend): Promise<{ losses: number[]; before: number; after: number }> {
  const fetchBytes = async (name: string) => new Uint8Array(await (await fetch(`/${name}`)).arrayBuffer());
  const images = (await fetchBytes('t10k-images-idx3-ubyte')).subarray(16, 16 + 784 * IMAGES);
  const labels = (await fetchBytes('t10k-labels-idx1-ubyte')).subarray(8, 8 + IMAGES);
  const data = Dataset.fromBytes(device, images, labels, {
    features: 784,
    classes: 10,
    mean: 0.1301,
    std: 0.3081,
  });
  const model = new DigitsNet(device);
  const losses: number[] = [];
  const before = (await evaluate(model, data)).loss;
  const train = () =>
    fit(model, data, {
      optimizer: new Adam(model.parameters()),
      limit: STEPS,
      onStep: ({ loss }) => losses.push(loss),
    });
  await train();
  await applyLora(model, { rank: 2, alpha: 1, init: 'normal' });
  await train();
  return { losses, before, after: (await evaluate(model, data)).loss };
}
