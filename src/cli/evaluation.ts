/** A model on the test set, one digit at a time: so progress can be shown, and Ctrl-C is heard in between. */
import { setImmediate as eventLoopTurn } from 'node:timers/promises';
import { type Dataset, evaluate, type Module } from '../core.js';
import type { Score } from './json.js';

/** @param onImages  told after each digit how many images are done; what it throws ends the evaluation */
export async function scoreByDigit(
  model: Module,
  test: Dataset,
  onImages: (done: number) => void,
): Promise<Score> {
  const wrong = new Array<number>(test.classes).fill(0);
  let done = 0;
  for (const [digit, images] of test.classCounts.entries()) {
    if (images === 0) continue;
    const evaluation = await evaluate(model, test.subset([digit]));
    wrong[digit] = evaluation.wrong[digit];
    done += images;
    await eventLoopTurn();
    onImages(done);
  }
  const allWrong = wrong.reduce((sum, each) => sum + each, 0);
  return { accuracy: (test.length - allWrong) / test.length, wrong };
}
