/** The sample drawings before and after one tap, read by a base trained like the page's. */
import { beforeAll, describe, expect, it } from 'vitest';
import { chromiumInks } from '../../bench/samples/canvas.js';
import { Learner, roundedToBytes } from '../../bench/samples/learner.js';
import { inkOf, pixelsOf } from '../../bench/samples/raster.js';
import { drawing, KINDS } from '../../bench/samples/shapes.js';
import { Adam, fit, type StateDict, selectDevice } from '../../src/index.js';
import { DigitsNet } from '../../src/mnist/index.js';
import { normaliseDigit } from '../../web/drawing.js';
import { networkOn } from '../../web/lab/networks.js';
import { withShifts } from '../../web/lab/shifts.js';
import { SAMPLES } from '../../web/samples.js';
import { hasChromium } from '../browser/chromium.js';
import { trainImages } from '../support/mnistData.js';

/** The digit that the base reads instead, if it misreads. */
const MISREAD = new Map([
  ['a slashed zero', 8],
  ['a one with a flag', 7],
]);
/** The page's share of old digits. */
const REPLAY = 0.5;

const { device } = await selectDevice({ prefer: 'wasm', threads: 1 });
const learner = await Learner.on(device);
const bases = new Map<string, StateDict>();

beforeAll(async () => {
  const model = new DigitsNet(device, { seed: 0 });
  const optimizer = new Adam(model.parameters(), { learningRate: 0.001 });
  await fit(model, trainImages(device, 60_000), { optimizer, batchSize: 10, epochs: 3, seed: 0 });
  const trained = await model.stateDict();
  bases.set('as it was trained', trained).set('rounded to bytes', roundedToBytes(trained));
});

/** Makes the strokes a little larger, smaller, flatter or more upright, as the next drawing of a person is. */
function redrawn(strokes: (typeof SAMPLES)[number]['strokes'], size: number, slant: number) {
  return strokes.map((stroke) =>
    stroke.map(([x, y]) => [0.5 + size * (x - 0.5) - slant * (y - 0.5), 0.5 + size * (y - 0.5)] as const),
  );
}

const baseOf = (name: string) => {
  const base = bases.get(name);
  if (!base) throw new Error(`there is no base ${name}`);
  return base;
};

describe.each(['as it was trained', 'rounded to bytes'])('the base %s', (name) => {
  it.each(SAMPLES)('reads $name as stated, and similar drawings too', async (sample) => {
    const { model } = networkOn(device, baseOf(name));
    const expected = MISREAD.get(sample.name) ?? sample.label;
    const [own] = await learner.read(model, [pixelsOf(sample.strokes)]);
    expect(own.digit).toBe(expected);
    expect(own.probabilities[expected]).toBeGreaterThan(0.8);
    const like = [0.9, 1, 1.1].flatMap((size) =>
      [-0.04, 0, 0.04].map((slant) => pixelsOf(redrawn(sample.strokes, size, slant))),
    );
    const digits = (await learner.read(model, like)).map(({ digit }) => digit);
    expect(digits).toEqual(Array(like.length).fill(expected));
    model.dispose();
  });

  it.each(SAMPLES.filter(({ name }) => MISREAD.has(name)))('learns $name by one tap', async (sample) => {
    const pixels = pixelsOf(sample.strokes);
    const model = await learner.taught(baseOf(name), [{ pixels, label: sample.label }], REPLAY);
    const [own, ...all] = await learner.read(model, [
      pixels,
      ...SAMPLES.map(({ strokes }) => pixelsOf(strokes)),
    ]);
    expect(own.digit).toBe(sample.label);
    expect(own.probabilities[sample.label]).toBeGreaterThan(0.95);
    const seven = SAMPLES.findIndex(({ label }) => label === 7);
    expect(all[seven].digit).toBe(7);
    const right = (await learner.quickRight(model)).filter(Boolean).length;
    expect(right).toBeGreaterThan(870);
    model.dispose();
  });
});

it('a drawing whose logit is held at 0 is learned with its shifted copies, and not without them', async () => {
  const base = baseOf('as it was trained');
  const kind = KINDS.find(({ name }) => name === 'slashed 0');
  if (!kind) throw new Error('there is no slashed 0');
  const pixels = pixelsOf(drawing(kind, 1));
  const { model } = networkOn(device, base);
  const [{ probabilities }] = await learner.read(model, [pixels]);
  expect(probabilities[0]).toBe(Math.min(...probabilities));
  const digits: (number | undefined)[] = [];
  for (const images of [[pixels], withShifts(pixels)]) {
    const examples = images.map((each) => ({ pixels: each, label: 0 }));
    const taught = await learner.taught(base, examples, REPLAY);
    digits.push((await learner.read(taught, [pixels]))[0].digit);
    taught.dispose();
  }
  expect(digits[0]).not.toBe(0);
  expect(digits[1]).toBe(0);
  model.dispose();
});

it('every stroke has points enough to be drawn smoothly, on the pad and not at its edge', () => {
  const points = SAMPLES.flatMap(({ strokes }) => strokes).map((stroke) => {
    const steps = stroke.slice(1).map(([x, y], i) => Math.hypot(x - stroke[i][0], y - stroke[i][1]));
    expect(Math.max(...steps)).toBeLessThan(0.06);
    expect(stroke.length).toBeGreaterThanOrEqual(30);
    expect(stroke.length).toBeLessThanOrEqual(80);
    return stroke.flat();
  });
  expect(Math.min(...points.flat())).toBeGreaterThan(0.08);
  expect(Math.max(...points.flat())).toBeLessThan(0.92);
});

describe.skipIf(!hasChromium())("the rasteriser and Chromium's canvas", () => {
  it('lay nearly the same ink, and the base reads the same', { timeout: 60_000 }, async () => {
    const inks = await chromiumInks(SAMPLES.map(({ strokes }) => strokes));
    const { model } = networkOn(device, baseOf('as it was trained'));
    for (const [i, { strokes }] of SAMPLES.entries()) {
      const own = inkOf(strokes);
      const inked = Array.from(own.values).flatMap((value, at) =>
        value > 0 || inks[i].values[at] > 0 ? [Math.abs(value - inks[i].values[at])] : [],
      );
      expect(inked.reduce((sum, each) => sum + each, 0) / inked.length).toBeLessThan(3);
      const theirs = normaliseDigit(inks[i]);
      if (!theirs) throw new Error('Chromium drew nothing');
      const [a, b] = await learner.read(model, [pixelsOf(strokes), theirs]);
      expect(b.digit).toBe(a.digit);
      for (const [digit, probability] of a.probabilities.entries())
        expect(Math.abs(b.probabilities[digit] - probability)).toBeLessThan(0.05);
    }
    model.dispose();
  });
});
