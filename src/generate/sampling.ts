/** Chooses the next token from the logits of all. */
import type { OptionNames } from '../base/options.js';
import { Random } from '../base/random.js';
import { NonFiniteError } from '../train/nonFinite.js';
import { LargestFirst } from './largestFirst.js';

export interface SamplingOptions {
  /** Temperature, which divides the logits before a token is drawn. Default 0: the most likely token is chosen. */
  readonly temperature?: number;
  /** Number of most likely tokens to draw from. Default 0: all. */
  readonly topK?: number;
  /** Total probability of the most likely tokens to draw from. Default 1: all. */
  readonly topP?: number;
  /** Minimum probability of a token, relative to the most likely one. Default 0: all tokens. */
  readonly minP?: number;
  /** Penalty for tokens that occur already: divides their logits, or multiplies negative ones. Default 1: none. */
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

/** Checks sampling options. @throws RangeError for a number outside its bounds */
export function checkSampling(what: string, options: SamplingOptions): void {
  const { temperature = 0, topK = 0, topP = 1, minP = 0, repetitionPenalty = 1 } = options;
  const rule = (holds: boolean, text: string, value: number) => {
    if (!holds) throw new RangeError(`${what}: ${text}: ${value}`);
  };
  rule(temperature >= 0 && Number.isFinite(temperature), 'temperature must be at least 0', temperature);
  rule(Number.isInteger(topK) && topK >= 0, 'topK must be an integer of at least 0', topK);
  rule(topP > 0 && topP <= 1, 'topP must be above 0 and at most 1', topP);
  rule(minP >= 0 && minP <= 1, 'minP must be from 0 to 1', minP);
  rule(
    repetitionPenalty > 0 && Number.isFinite(repetitionPenalty),
    'repetitionPenalty must be above 0',
    repetitionPenalty,
  );
}

/**
 * Draws tokens as transformers does: penalty, temperature, then topK, topP and minP, each among the tokens that the previous one
 * left. Memory of the vocabulary's size is allocated once.
 * @see https://github.com/huggingface/transformers/blob/main/src/transformers/generation/logits_process.py
 */
export class Sampler {
  readonly #options: SamplingOptions;
  readonly #random: Random;
  /** Whether an id has a token: rows of the embedding without a token are never drawn. */
  readonly #isToken: (id: number) => boolean;
  #size = -1;
  #absent: number[] = [];
  #scores = new Float64Array(0);
  #weights = new Float64Array(0);
  readonly #largest = new LargestFirst();

  constructor(options: SamplingOptions, isToken: (id: number) => boolean) {
    checkSampling('Sampler', options);
    this.#options = options;
    this.#random = new Random(options.seed ?? 0);
    this.#isToken = isToken;
  }

  /**
   * @param logits  [vocabularySize]
   * @param seen    tokens of the prompt and the text so far
   * @throws Error where a logit is not a finite number
   */
  next(logits: ArrayLike<number>, seen: ReadonlySet<number>): number {
    const { temperature = 0, topK = 0, topP = 1, minP = 0 } = this.#options;
    if (logits.length !== this.#size) this.#resize(logits.length);
    const scores = this.#scores;
    copyFinite(scores, logits);
    for (const id of this.#absent) scores[id] = -Infinity;
    this.#penalize(seen);
    const best = indexOfLargest(scores);
    if (temperature === 0) return best;
    const least = topK > 0 && topK < scores.length ? this.#largest.at(topK, scores) : -Infinity;
    const weights = this.#weigh(scores[best], temperature, least);
    if (topP < 1) keepFrom(weights, this.#largest.ofShare(topP, weights));
    if (minP > 0) keepFrom(weights, minP);
    return this.#draw(best);
  }

  #resize(size: number): void {
    this.#size = size;
    this.#scores = new Float64Array(size);
    this.#weights = new Float64Array(size);
    this.#absent = [];
    for (let id = 0; id < size; id++) if (!this.#isToken(id)) this.#absent.push(id);
  }

  #penalize(seen: ReadonlySet<number>): void {
    const { repetitionPenalty: penalty = 1 } = this.#options;
    if (penalty === 1) return;
    const scores = this.#scores;
    for (const id of seen) scores[id] = scores[id] < 0 ? scores[id] * penalty : scores[id] / penalty;
  }

  /** Likelihood of tokens relative to the most likely one, which has 1; tokens whose score is below `least` have 0. */
  #weigh(largest: number, temperature: number, least: number): Float64Array {
    const [scores, weights] = [this.#scores, this.#weights];
    for (let id = 0; id < scores.length; id++)
      weights[id] = scores[id] < least ? 0 : Math.exp((scores[id] - largest) / temperature);
    return weights;
  }

  #draw(best: number): number {
    const weights = this.#weights;
    let left = this.#random.uniform() * sumOf(weights);
    for (let id = 0; id < weights.length; id++) {
      left -= weights[id];
      if (left < 0) return id;
    }
    // Rounding may leave a small remainder of the sum.
    return best;
  }
}

function copyFinite(scores: Float64Array, logits: ArrayLike<number>): void {
  for (let id = 0; id < scores.length; id++) {
    const logit = logits[id];
    if (!Number.isFinite(logit))
      throw new NonFiniteError(
        `generate: the model gives no finite number for token ${id}: ${logit}`,
        'logit',
      );
    scores[id] = logit;
  }
}

/** Index of the first occurrence of the largest value. */
function indexOfLargest(values: Float64Array): number {
  let [best, largest] = [0, values[0]];
  for (let i = 1; i < values.length; i++) {
    if (!(values[i] > largest)) continue;
    largest = values[i];
    best = i;
  }
  return best;
}

function sumOf(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum;
}

function keepFrom(weights: Float64Array, least: number): void {
  for (let i = 0; i < weights.length; i++) if (weights[i] < least) weights[i] = 0;
}
