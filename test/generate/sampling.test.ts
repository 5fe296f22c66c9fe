import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { Sampler, type SamplingOptions } from '../../src/generate/sampling.js';

const LOGITS = [2, 1, 0, -1, 3];
const NONE: ReadonlySet<number> = new Set();
const all = () => true;

/** The reference, which sorts all tokens: the token drawn from logits with a number from 0 to 1. */
function drawnBySorting(
  logits: ArrayLike<number>,
  { temperature = 0, topK = 0, topP = 1, minP = 0, repetitionPenalty = 1 }: SamplingOptions,
  { seen, absent, uniform }: { seen: ReadonlySet<number>; absent: ReadonlySet<number>; uniform: number },
): number {
  const scores = Array.from(logits, (logit, id) => (absent.has(id) ? -Infinity : logit));
  for (const id of seen) scores[id] *= scores[id] < 0 ? repetitionPenalty : 1 / repetitionPenalty;
  const order = scores.map((_, id) => id).sort((a, b) => scores[b] - scores[a]);
  if (temperature === 0) return order[0];
  const weights = scores.map((score) => Math.exp((score - scores[order[0]]) / temperature));
  const keepFrom = (least: number) => {
    for (const id of order) if (weights[id] < least) weights[id] = 0;
  };
  if (topK > 0 && topK < order.length) keepFrom(weights[order[topK - 1]]);
  if (topP < 1) {
    const wanted = topP * order.reduceRight((sum, id) => sum + weights[id], 0);
    let [count, sum] = [0, 0];
    while (count < order.length && sum < wanted) sum += weights[order[count++]];
    keepFrom(weights[order[count - 1]]);
  }
  keepFrom(minP);
  let [id, left] = [0, uniform * weights.reduce((sum, weight) => sum + weight, 0) - weights[0]];
  while (left >= 0) left -= weights[++id];
  return id;
}

/** Frequency of each token in many draws. */
function frequencies(options: SamplingOptions, logits = LOGITS, seen = new Set<number>()): number[] {
  const draws = 20_000;
  const counts = logits.map(() => 0);
  const sampler = new Sampler(options, all);
  for (let i = 0; i < draws; i++) counts[sampler.next(logits, seen)]++;
  return counts.map((count) => count / draws);
}

function softmax(logits: readonly number[]): number[] {
  const weights = logits.map((logit) => Math.exp(logit));
  const sum = weights.reduce((a, b) => a + b);
  return weights.map((weight) => weight / sum);
}

function expectNear(found: number[], wanted: number[]): void {
  // Four standard deviations of a frequency near 1/2.
  for (const [i, value] of wanted.entries())
    expect(Math.abs(found[i] - value), `token ${i}`).toBeLessThan(0.0142);
}

describe('Sampler', () => {
  it('takes the most likely token, the first of equal ones, at temperature 0', () => {
    expect(new Sampler({}, all).next(LOGITS, NONE)).toBe(4);
    expect(new Sampler({}, all).next([1, 5, 5], NONE)).toBe(1);
  });

  it('draws with the frequencies of the softmax of the logits over the temperature', () => {
    expectNear(frequencies({ temperature: 1 }), softmax(LOGITS));
    expectNear(frequencies({ temperature: 2 }), softmax(LOGITS.map((logit) => logit / 2)));
  });

  it('keeps the k most likely tokens', () => {
    expectNear(frequencies({ temperature: 1, topK: 2 }), softmax([2, -Infinity, -Infinity, -Infinity, 3]));
    expect(frequencies({ temperature: 5, topK: 1 })).toEqual([0, 0, 0, 0, 1]);
  });

  it('keeps the tokens that make up p, the one that reaches it among them', () => {
    // Probabilities 0.234, 0.086, 0.032, 0.012, 0.636.
    expectNear(frequencies({ temperature: 1, topP: 0.6 }), [0, 0, 0, 0, 1]);
    expectNear(frequencies({ temperature: 1, topP: 0.7 }), softmax([2, -Infinity, -Infinity, -Infinity, 3]));
    expectNear(frequencies({ temperature: 1, topP: 0.9 }), softmax([2, 1, -Infinity, -Infinity, 3]));
    // The first reaches exactly p, so no other is kept. Equal ones stay together.
    const half = [0, Math.log(0.5), Math.log(0.5)];
    expectNear(frequencies({ temperature: 1, topP: 0.5 }, half), [1, 0, 0]);
    expectNear(frequencies({ temperature: 1, topP: 0.6 }, half), [0.5, 0.25, 0.25]);
  });

  it('keeps the tokens that are likely enough relative to the likeliest', () => {
    // e^-1 = 0.37 and e^-2 = 0.135 times as likely.
    expectNear(frequencies({ temperature: 1, minP: 0.2 }), softmax([2, -Infinity, -Infinity, -Infinity, 3]));
  });

  it('makes tokens that occur already less likely, for either sign of their logit', () => {
    const options = { temperature: 1, repetitionPenalty: 2 };
    expectNear(frequencies(options, LOGITS, new Set([4, 3])), softmax([2, 1, 0, -2, 1.5]));
  });

  it('gives the same tokens for the same seed, and others for another', () => {
    const draw = (seed: number) => {
      const sampler = new Sampler({ temperature: 1, seed }, all);
      return Array.from({ length: 40 }, () => sampler.next(LOGITS, NONE));
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  it('draws the same tokens as by sorting them all', () => {
    const random = new Random(5);
    const absent = new Set([3, 17, 1999]);
    const options = [0, 0.3, 1, 4].flatMap((temperature) => [
      { temperature },
      ...[1, 7, 40, 1990, 2000].map((topK) => ({ temperature, topK })),
      ...[1e-9, 0.3, 0.9, 0.999].map((topP) => ({ temperature, topP, topK: temperature === 1 ? 50 : 0 })),
      { temperature, minP: 0.05, repetitionPenalty: 1.3 },
      { temperature, topK: 60, topP: 0.8, minP: 0.01, repetitionPenalty: 1.1 },
    ]);
    for (const [seed, each] of options.entries()) {
      const sampler = new Sampler({ ...each, seed }, (id) => !absent.has(id));
      const numbers = new Random(seed);
      const seen = new Set<number>();
      for (let draw = 0; draw < 20; draw++) {
        // Multiples of a quarter, so that some are equal.
        const logits = Float32Array.from({ length: 2000 }, () => Math.round(16 * random.normal()) / 4);
        const uniform = each.temperature === 0 ? 0 : numbers.uniform();
        const id = sampler.next(logits, seen);
        expect(id, JSON.stringify(each)).toBe(drawnBySorting(logits, each, { seen, absent, uniform }));
        seen.add(id);
      }
    }
  });

  it('never takes a row without a token', () => {
    const isToken = (id: number) => id !== 4;
    expect(new Sampler({}, isToken).next(LOGITS, NONE)).toBe(0);
    const sampler = new Sampler({ temperature: 50 }, isToken);
    for (let i = 0; i < 500; i++) expect(sampler.next(LOGITS, NONE)).not.toBe(4);
  });

  it('refuses logits that are not numbers, and options outside their bounds', () => {
    expect(() => new Sampler({}, all).next([1, Number.NaN], NONE)).toThrow(
      'generate: the model gives no finite number for token 1: NaN',
    );
    const refused: [SamplingOptions, string][] = [
      [{ temperature: -1 }, 'temperature must be at least 0: -1'],
      [{ topK: 1.5 }, 'topK must be an integer of at least 0: 1.5'],
      [{ topP: 0 }, 'topP must be above 0 and at most 1: 0'],
      [{ minP: 2 }, 'minP must be from 0 to 1: 2'],
      [{ repetitionPenalty: 0 }, 'repetitionPenalty must be above 0: 0'],
    ];
    for (const [options, message] of refused) expect(() => new Sampler(options, all)).toThrow(message);
  });
});
