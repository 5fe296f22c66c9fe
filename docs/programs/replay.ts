/** Replay: images of the other digits, mixed in, keep them from being forgotten. */
import {
  Adam,
  applyLora,
  evaluate,
  fit,
  mixReplay,
  selectDevice,
} from 'lowrank';
import { DigitsNet, loadMnist } from 'lowrank/mnist';
import { mnistFiles } from 'lowrank/node';

const { device } = await selectDevice({ deterministic: true });
const { train, test } = await loadMnist(device, await mnistFiles());
const model = new DigitsNet(device, { seed: 0 });
await fit(model, train, {
  optimizer: new Adam(model.parameters()),
  batchSize: 10,
  seed: 0,
});
const base = await evaluate(model, test);
const weights = await model.stateDict();

// #region replay
const chosen = [2, 3, 5, 8, 9];
const others = [0, 1, 4, 6, 7];
const wrongIn = (wrong: readonly number[], digits: readonly number[]) =>
  digits.reduce((sum, digit) => sum + wrong[digit], 0);

for (const share of [0, 0.1, 0.5]) {
  const adapted = new DigitsNet(device);
  adapted.loadStateDict(weights);
  await applyLora(adapted, {
    method: 'parametrization',
    rank: 2,
    alpha: 1,
    init: 'normal',
  });
  const data = mixReplay(
    train.subset(chosen),
    train.subset(others),
    share,
    0,
  );
  await fit(adapted, data, {
    optimizer: new Adam(adapted.parameters()),
    batchSize: 10,
    limit: 200,
  });
  const { wrong } = await evaluate(adapted, test);
  const gained = wrongIn(base.wrong, chosen) - wrongIn(wrong, chosen);
  const forgotten =
    wrongIn(wrong, others) - wrongIn(base.wrong, others);
  console.log(
    `replay ${share}: ${gained} images gained, ${forgotten} forgotten`,
  );
}
// #endregion replay
device.dispose();
