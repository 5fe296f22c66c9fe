// The tutorial in a program: trains on MNIST, adapts to five digits, and counts what was gained and forgotten: node digits.js
import { Adam, applyLora, countParameters, evaluate, fit, selectDevice } from 'lowrank';
import { DigitsNet, loadMnist } from 'lowrank/mnist';
import { mnistFiles } from 'lowrank/node';

const { device, reason } = await selectDevice();
console.log(`${device.name}, ${reason}`);
const { train, test } = await loadMnist(device, await mnistFiles());

// Train a network on all ten digits.
const model = new DigitsNet(device, { seed: 0 });
await fit(model, train, { optimizer: new Adam(model.parameters()) });
const base = await evaluate(model, test);

// Adapt it to five of them: everything is frozen but two thin matrices per layer.
const adapter = await applyLora(model, { rank: 2, alpha: 1, init: 'normal' });
const digits = train.subset([2, 3, 5, 8, 9]);
await fit(model, digits, { optimizer: new Adam(model.parameters()), limit: 200 });
const adapted = await evaluate(model, test);
console.log(`trained ${countParameters(model).trainablePercent.toFixed(2)} % of the parameters`);

adapter.enabled = false; // the base model again, bit for bit
const off = await evaluate(model, test);
for (const [name, { accuracy, wrong }] of Object.entries({ base, adapted, off })) {
  console.log(`${name.padEnd(8)} ${(100 * accuracy).toFixed(1)} %, wrong per digit: ${wrong.join(' ')}`);
}
