/** A network that memorises: the training loss falls to nothing while the loss on other images rises. */
import {
  AdamW,
  evaluate,
  fit,
  Linear,
  Random,
  ReLU,
  Sequential,
  selectDevice,
} from 'lowrank';
import { loadMnist } from 'lowrank/mnist';
import { mnistFiles } from 'lowrank/node';

const { device } = await selectDevice({ deterministic: true });
const { train, test } = await loadMnist(device, await mnistFiles());
const network = () => {
  const random = new Random(0);
  return new Sequential(
    new Linear(device, 784, 64, { random }),
    new ReLU(),
    new Linear(device, 64, 10, { random }),
  );
};

// #region memorise
const few = train.take(100);
const held = test.take(1000);
for (const patience of [undefined, 2]) {
  const model = network();
  const losses: string[] = [];
  await fit(model, few, {
    optimizer: new AdamW(model.parameters(), { learningRate: 0.002 }),
    epochs: 30,
    validation: {
      data: held,
      every: 20,
      ...(patience === undefined ? {} : { patience }),
      onValidation: ({ loss }) => losses.push(loss.toFixed(2)),
    },
  });
  const [seen, unseen] = [
    await evaluate(model, few),
    await evaluate(model, held),
  ];
  console.log(
    patience === undefined ? 'to the end' : `patience ${patience}`,
  );
  console.log(`  loss on the held-out images: ${losses.join(' ')}`);
  console.log(
    `  at the end: ${seen.loss.toFixed(3)} on the 100 images, ${unseen.loss.toFixed(2)} on the others`,
  );
}
// #endregion memorise
device.dispose();
