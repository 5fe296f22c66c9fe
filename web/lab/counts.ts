/** The answers of networks to test images, and how many of them are wrong. */
import { type Backend, type Dataset, evaluate } from 'lowrank';
import type { DigitsNet } from 'lowrank/mnist';
import type { Digits } from './digits.js';
import { logitsOf } from './networks.js';
import type { Counts, Scores } from './views.js';

type Images = Pick<Digits, 'quick' | 'all' | 'hasAll' | 'dataset'>;

interface Models {
  readonly base: DigitsNet;
  readonly adapted: DigitsNet | undefined;
}

/** Counts on all MNIST test images if they are fetched, otherwise on the quick ones. */
export async function countsOf(device: Backend, digits: Images, models: Models): Promise<Counts> {
  const { test } = digits.quick;
  const quick = digits.dataset(device, test);
  const each = async <T>(what: (model: DigitsNet) => Promise<T>) => ({
    base: await what(models.base),
    adapted: models.adapted && (await what(models.adapted)),
  });
  const answers = await each((model) => answersTo(model, quick));
  if (digits.hasAll) {
    const all = digits.dataset(device, digits.all.test);
    return { images: all.length, answers, ...(await each((model) => score(model, all))) };
  }
  const fromAnswers = (given: Uint8Array) => scoreOf(given, test.labels);
  const adapted = answers.adapted && fromAnswers(answers.adapted);
  return { images: quick.length, answers, base: fromAnswers(answers.base), adapted };
}

export async function score(model: DigitsNet, data: Dataset): Promise<Scores> {
  const { accuracy, wrong } = await evaluate(model, data);
  return { accuracy, wrong };
}

/** The first of the highest logits for each image, the same choice as in `evaluate`. */
async function answersTo(model: DigitsNet, data: Dataset): Promise<Uint8Array> {
  const answers = new Uint8Array(data.length);
  let done = 0;
  for (const { x, rows } of data.batches({ batchSize: 200 })) {
    const logits = logitsOf(model, x);
    const values = await logits.read();
    logits.dispose();
    for (let row = 0; row < rows; row++) {
      const ten = values.subarray(10 * row, 10 * row + 10);
      answers[done + row] = ten.indexOf(Math.max(...ten));
    }
    done += rows;
  }
  return answers;
}

function scoreOf(answers: Uint8Array, labels: Uint8Array): Scores {
  const wrong = new Array<number>(10).fill(0);
  for (const [i, label] of labels.entries()) if (answers[i] !== label) wrong[label] += 1;
  const all = wrong.reduce((sum, count) => sum + count, 0);
  return { accuracy: 1 - all / labels.length, wrong };
}
