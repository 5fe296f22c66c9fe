/** Which token comes next, from the logits of all. */
import type { OptionNames } from '../base/options.js';
import { Random } from '../base/random.js';

export interface SamplingOptions {
  /** Divides the logits before a token is drawn. Default 0: the most likely token is taken. */
  readonly temperature?: number;
  /** Draws from the `topK` most likely tokens. Default 0: from all. */
  readonly topK?: number;
  /** Draws from the most likely tokens that together reach the probability `topP`. Default 1: from all. */
  readonly topP?: number;
  /** Draws from the tokens at least `minP` times as likely as the most likely one. Default 0: from all. */
  readonly minP?: number;
  /** Divides the logits of tokens that occur already, or multiplies them where they are negative. Default 1: none. */
  readonly repetitionPenalty?: number;
  /** Random seed for the draws. Default 0. The same seed gives the same text. */
  readonly seed?: number;
}

export const SAMPLING_NAMES: OptionNames<SamplingOptions> = {
  temperature: true,
  topK: true,
  topP: true,
  minP: true,
  repetitionPenalty: true,
  seed: true,
};

/** @throws RangeError for a number outside its bounds */
export function checkSampling(what: string, options: SamplingOptions): void {
  const { temperature = 0, topK = 0, topP = 1, minP = 0, repetitionPenalty = 1 } = options;
  const rule = (holds: boolean, text: string, value: number) => {
    if (!holds) throw new RangeError(`${what}: ${text}: ${value}`);
  };
  rule(temperature >= 0 && Number.isFinite(temperature), 'temperature must be from 0 on', temperature);
  rule(Number.isInteger(topK) && topK >= 0, 'topK must be a whole number from 0 on', topK);
  rule(topP > 0 && topP <= 1, 'topP must be above 0 and at most 1', topP);
  rule(minP >= 0 && minP <= 1, 'minP must be from 0 to 1', minP);
  rule(
    repetitionPenalty > 0 && Number.isFinite(repetitionPenalty),
    'repetitionPenalty must be above 0',
    repetitionPenalty,
  );
}

/**
 * Draws tokens as transformers does: penalty, temperature, then topK, topP and minP, each among what the one before left.
 * @see https://github.com/huggingface/transformers/blob/main/src/transformers/generation/logits_process.py
 */
export class Sampler {
  readonly #options: SamplingOptions;
  readonly #random: Random;
  /** Tokens that may never come: rows of the embedding without a token. */
  readonly #isToken: (id: number) => boolean;

  constructor(options: SamplingOptions, isToken: (id: number) => boolean) {
    checkSampling('Sampler', options);
    this.#options = options;
    this.#random = new Random(options.seed ?? 0);
    this.#isToken = isToken;
  }

  /**
   * @param logits  [vocabularySize]
   * @param seen    tokens of the prompt and the text so far
   * @throws Error where a logit is no finite number
   */
  next(logits: ArrayLike<number>, seen: Iterable<number>): number {
    const { temperature = 0, topK = 0, topP = 1, minP = 0 } = this.#options;
    const scores = Float64Array.from(logits);
    this.#mask(scores);
    this.#penalize(scores, seen);
    const best = indexOfLargest(scores);
    if (temperature === 0) return best;
    const largest = scores[best];
    // Relative to the most likely token, which is 1.
    const weights = scores.map((score) => Math.exp((score - largest) / temperature));
    if (topK > 0 && topK < weights.length) keepFrom(weights, weights.slice().sort()[weights.length - topK]);
    if (topP < 1) keepFrom(weights, nucleus(weights, topP));
    if (minP > 0) keepFrom(weights, minP);
    return this.#draw(weights, best);
  }

  #mask(scores: Float64Array): void {
    for (let id = 0; id < scores.length; id++) {
      if (!Number.isFinite(scores[id]))
        throw new Error(`generate: the model gives no number for token ${id}: ${scores[id]}`);
      if (!this.#isToken(id)) scores[id] = -Infinity;
    }
  }

  #penalize(scores: Float64Array, seen: Iterable<number>): void {
    const { repetitionPenalty: penalty = 1 } = this.#options;
    if (penalty === 1) return;
    for (const id of new Set(seen)) scores[id] = scores[id] < 0 ? scores[id] * penalty : scores[id] / penalty;
  }

  #draw(weights: Float64Array, best: number): number {
    const sum = weights.reduce((total, weight) => total + weight, 0);
    let left = this.#random.uniform() * sum;
    for (let id = 0; id < weights.length; id++) {
      left -= weights[id];
      if (left < 0) return id;
    }
    // Rounding may leave a little of the sum.
    return best;
  }
}

/** The first of the largest. */
function indexOfLargest(values: Float64Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}

function keepFrom(weights: Float64Array, least: number): void {
  for (let i = 0; i < weights.length; i++) if (weights[i] < least) weights[i] = 0;
}

/** The least weight among the largest ones that make up a share of all. */
function nucleus(weights: Float64Array, share: number): number {
  const sorted = weights.slice().sort();
  const wanted = share * sorted.reduce((total, weight) => total + weight, 0);
  let sum = 0;
  let i = sorted.length;
  while (i > 0 && sum < wanted) sum += sorted[--i];
  return sorted[i];
}
