/** The tutorial: train a network on MNIST, adapt it to five digits in two ways, and see what was gained and forgotten. */
// #region setup
import {
  Adam,
  applyLora,
  countParameters,
  evaluate,
  fit,
  Layer,
  Linear,
  Random,
  ReLU,
  selectDevice,
  type Tensor,
} from 'lowrank';
import { loadMnist } from 'lowrank/mnist';
import { mnistFiles } from 'lowrank/node';

const SEED = 0;
const { device } = await selectDevice({ deterministic: true });
// #endregion setup

// #region data
const { train, test } = await loadMnist(device, await mnistFiles());
console.log(
  `${train.length} images to train on, ${test.length} to test with`,
);
// #endregion data

// #region network
class DigitsNet extends Layer {
  linear1: Layer;
  linear2: Layer;
  linear3: Layer;
  relu = new ReLU();

  constructor(seed: number) {
    super();
    const random = new Random(seed).split('init');
    this.linear1 = new Linear(device, 28 * 28, 256, { random });
    this.linear2 = new Linear(device, 256, 128, { random });
    this.linear3 = new Linear(device, 128, 10, { random });
  }

  forward(x: Tensor): Tensor {
    return this.relu.forward(
      this.linear3.forward(
        this.linear2.forward(this.linear1.forward(x)),
      ),
    );
  }
}

const model = new DigitsNet(SEED);
console.log(
  `the network has ${countParameters(model).total} parameters`,
);
// #endregion network

// #region train
const { meanLoss, iterations } = await fit(model, train, {
  optimizer: new Adam(model.parameters(), { learningRate: 0.001 }),
  epochs: 1,
  batchSize: 10,
  seed: SEED,
});
console.log(
  `${iterations} iterations, mean loss ${meanLoss.toFixed(4)}`,
);
// #endregion train

// #region test
const base = await evaluate(model, test);
console.log(`base: ${(100 * base.accuracy).toFixed(2)} % right`);
console.log(`wrong per digit: ${base.wrong.join(' ')}`);
// #endregion test

// #region copy
const original = await model.stateDict();
// #endregion copy

// #region chosen
const chosen = [2, 3, 5, 8, 9];
const digits = train.subset(chosen);
// #endregion chosen

// #region parametrization
const adapter = await applyLora(model, {
  method: 'parametrization',
  rank: 2,
  alpha: 1,
  init: 'normal',
  seed: SEED,
});
const first = countParameters(model);
console.log(
  `parametrization: ${first.total} parameters, ${first.trainable} of them trained`,
);
console.log(
  `that is ${first.trainablePercent.toFixed(2)} % of the network`,
);

await fit(model, digits, {
  optimizer: new Adam(model.parameters(), { learningRate: 0.001 }),
  limit: 200,
  batchSize: 10,
  seed: SEED,
});
// #endregion parametrization

// #region report
const report = (name: string, wrong: readonly number[]) => {
  const sum = (counts: readonly number[], isChosen: boolean) =>
    counts.reduce(
      (total, count, digit) =>
        total + (chosen.includes(digit) === isChosen ? count : 0),
      0,
    );
  const gained = sum(base.wrong, true) - sum(wrong, true);
  const forgotten = sum(wrong, false) - sum(base.wrong, false);
  console.log(`${name}, wrong per digit: ${wrong.join(' ')}`);
  console.log(
    `${name}: ${gained} images gained, ${forgotten} forgotten`,
  );
};
report('parametrization', (await evaluate(model, test)).wrong);
// #endregion report

// #region off
adapter.enabled = false;
const off = await evaluate(model, test);
console.log(`switched off, wrong per digit: ${off.wrong.join(' ')}`);
// #endregion off

// #region layer
const second = new DigitsNet(SEED);
second.loadStateDict(original);
await applyLora(second, {
  method: 'layer',
  rank: 2,
  alpha: 1,
  init: 'normal',
  bias: 'lora_only',
  seed: SEED,
});
console.log(
  `layer: ${countParameters(second).trainable} parameters trained`,
);

await fit(second, digits, {
  optimizer: new Adam(second.parameters(), { learningRate: 0.001 }),
  limit: 200,
  batchSize: 10,
  seed: SEED,
});
report('layer', (await evaluate(second, test)).wrong);
// #endregion layer

device.dispose();
