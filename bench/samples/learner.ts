/** The page's network and its teaching by one tap, with the page's own code. */
import { applyLora, type Backend, type StateDict, type Tensor, tensor } from '../../src/index.js';
import { type DigitsNet, parseMnist } from '../../src/mnist/index.js';
import { mnistFiles } from '../../src/node.js';
import { type Digits, NORMALISATION } from '../../web/lab/digits.js';
import { logitsOf, networkOn } from '../../web/lab/networks.js';
import { PIXELS } from '../../web/lab/pixels.js';
import { BATCH_SIZE, type Example, type TeachOptions, teachingData } from '../../web/lab/teaching.js';
import { train } from '../../web/lab/training.js';
import { firstOfEachDigit } from '../../web/quickDigits.mjs';

/** Settings of teaching by one tap on a label, except for the share of old examples. */
const TAP = { rank: 2, alpha: 1, learningRate: 0.001, iterations: 200 };
/** Images of each digit that the page has at hand, to mix in and to count with. */
const EACH = 100;
const CLASSES = NORMALISATION.classes;

type QuickDigits = ReturnType<typeof firstOfEachDigit>;

/** A network's answer: the digit that it reads, and how sure it is. */
export interface Reading {
  /** Undefined where two digits are equally likely: the ReLU on the logits makes many of them 0. */
  readonly digit: number | undefined;
  readonly probabilities: readonly number[];
}

export class Learner {
  private constructor(
    readonly device: Backend,
    readonly old: QuickDigits,
    readonly quick: QuickDigits,
    readonly quickImages: Tensor,
  ) {}

  static async on(device: Backend): Promise<Learner> {
    const { train: old, test } = await parseMnist(await mnistFiles());
    const quick = firstOfEachDigit(test, EACH);
    return new Learner(device, firstOfEachDigit(old, EACH), quick, imagesOn(device, quick.images));
  }

  /** Teaches as the page does, which keeps nothing of a failed training run. The caller disposes the network. */
  async taught(base: StateDict, drawings: readonly Example[], replay: number): Promise<DigitsNet> {
    const { model } = networkOn(this.device, base);
    await applyLora(model, { rank: TAP.rank, alpha: TAP.alpha, bias: 'lora_only', init: 'normal', seed: 0 });
    const options: TeachOptions = { ...TAP, replay, what: { drawings } };
    // Only the bytes are read where drawings are taught.
    const mnist = { quick: { train: this.old } } as unknown as Digits;
    const { data, dispose } = teachingData(this.device, mnist, options, 0);
    const epochs = Math.ceil(TAP.iterations / data.batchCount({ batchSize: BATCH_SIZE }));
    const { signal } = new AbortController();
    const length = { epochs, limit: TAP.iterations, seed: 0, learningRate: TAP.learningRate, signal };
    const { iterations } = await train(model, data, length).finally(dispose);
    if (iterations > 0) return model;
    model.dispose();
    return networkOn(this.device, base).model;
  }

  async read(model: DigitsNet, drawings: readonly Uint8Array[]): Promise<Reading[]> {
    const all = new Uint8Array(drawings.length * PIXELS);
    for (const [i, pixels] of drawings.entries()) all.set(pixels, i * PIXELS);
    const images = imagesOn(this.device, all);
    const readings = await readingsOf(model, images);
    images.dispose();
    return readings;
  }

  /** Whether each quick test image is read right. */
  async quickRight(model: DigitsNet): Promise<boolean[]> {
    const readings = await readingsOf(model, this.quickImages);
    return readings.map(({ digit }, i) => digit === this.quick.labels[i]);
  }
}

async function readingsOf(model: DigitsNet, images: Tensor): Promise<Reading[]> {
  const logits = logitsOf(model, images);
  const values = await logits.read();
  logits.dispose();
  return Array.from({ length: values.length / CLASSES }, (_, i) => {
    const row = Array.from(values.slice(i * CLASSES, (i + 1) * CLASSES));
    const largest = Math.max(...row);
    const powers = row.map((value) => Math.exp(value - largest));
    const sum = powers.reduce((a, b) => a + b, 0);
    const isTie = row.filter((value) => value === largest).length > 1;
    return {
      digit: isTie ? undefined : row.indexOf(largest),
      probabilities: powers.map((power) => power / sum),
    };
  });
}

function imagesOn(device: Backend, bytes: Uint8Array): Tensor {
  const { mean, std } = NORMALISATION;
  const values = Float32Array.from(bytes, (byte) => (byte / 255 - mean) / std);
  return tensor(device, values, [bytes.length / PIXELS, PIXELS]);
}

/** The network with each row of its weights rounded to 255 steps, as the page may ship it. */
export function roundedToBytes(state: StateDict): StateDict {
  return new Map(
    Array.from(state, ([name, { shape, data, ...rest }]) => {
      if (shape.length < 2) return [name, { ...rest, shape, data }];
      const width = shape[1];
      const values = Float32Array.from(data);
      for (let from = 0; from < values.length; from += width) {
        const row = values.subarray(from, from + width);
        const scale = Math.fround(row.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 127);
        if (scale > 0) for (const [i, value] of row.entries()) row[i] = Math.round(value / scale) * scale;
      }
      return [name, { ...rest, shape, data: values }];
    }),
  );
}
