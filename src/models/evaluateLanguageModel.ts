/** Measures how well a language model predicts examples, to judge fine-tuning. */

import { checkOptions, type OptionNames } from '../base/options.js';
import { pollOf } from '../base/polledSignal.js';
import { type PackedDraw, PackedRows } from '../data/packedRows.js';
import { modelParts } from '../nn/module.js';
import { reading } from '../nn/use.js';
import type { TokenExample } from '../text/examples.js';
import { computedLength } from '../text/longExamples.js';
import type { Tokenizer } from '../text/tokenizer.js';
import { eventLoopTurns } from '../train/eventLoop.js';
import { NonFiniteError } from '../train/nonFinite.js';
import { LabelScorer, type LabelScores } from './labelScores.js';
import type { LlamaForCausalLM } from './llama.js';

export interface EvaluateLanguageModelOptions {
  /**
   * Maximum tokens of an example, up to its last trained one, and, rounded up to a multiple of 32, of a row. Default 512, or the
   * longest example where that is longer. It does not change the scores.
   */
  readonly maxLength?: number | undefined;
  /** Signal that ends the evaluation, with its reason as the error. */
  readonly signal?: AbortSignal | undefined;
  /** Called after each row with the number of examples done and of all; an error that it throws ends the evaluation. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Scores over the trained tokens of all examples, each token with equal weight. */
export interface LanguageScores {
  /** Mean −log of the probability of a trained token, in nats. */
  readonly loss: number;
  /** exp(loss) */
  readonly perplexity: number;
  /**
   * Total nats of the tokens that are text, divided by ln 2 and by their UTF-8 bytes. Special tokens, such as the end of a turn,
   * are excluded. It makes models of different vocabularies comparable. NaN where no trained token is text.
   */
  readonly bitsPerByte: number;
  /** Share of the trained tokens that the model ranks as the most likely, 0 to 1. */
  readonly accuracy: number;
  /** Number of trained tokens. */
  readonly tokens: number;
}

export interface ExampleScore {
  /** Mean loss over the trained tokens of the example, in nats. */
  readonly loss: number;
  /** Number of trained tokens. */
  readonly tokens: number;
  /** Number of trained tokens that the model ranks as the most likely. */
  readonly correct: number;
}

export interface LanguageEvaluation extends LanguageScores {
  /** Scores of each example, in their order. */
  readonly examples: readonly ExampleScore[];
}

const CALL = 'evaluateLanguageModel';
const NAMES: OptionNames<EvaluateLanguageModelOptions> = { maxLength: true, signal: true, onProgress: true };

/**
 * Measures a language model on the trained tokens of examples, with the adapters that are active, in evaluation mode and without a
 * graph. Examples are packed into rows, and shared beginnings are computed once; the scores equal those of each example
 * computed separately. The same calls may run meanwhile as for `evaluate`.
 * @throws DataError for examples without a trained token, or longer than `maxLength`; RangeError for one that is longer than the
 *   model's context, or has a token that the model lacks; NonFiniteError where a loss is not finite
 */
export async function evaluateLanguageModel(
  model: LlamaForCausalLM,
  tokenizer: Tokenizer,
  examples: readonly TokenExample[],
  options: EvaluateLanguageModelOptions = {},
): Promise<LanguageEvaluation> {
  checkOptions(CALL, options, NAMES);
  const { slidingWindow: window } = model.config;
  // All examples form one step, so that those with a common prefix share a row.
  const packing = { maxLength: options.maxLength, batchTokens: Number.MAX_SAFE_INTEGER, window };
  const rows = new PackedRows(model.device, examples, packing);
  checkTokens(model, examples);
  return reading(CALL, modelParts(model), () =>
    measure(model, rows, new Tally(tokenizer, examples.length), options),
  );
}

async function measure(
  model: LlamaForCausalLM,
  rows: PackedRows,
  tally: Tally,
  { signal, onProgress }: EvaluateLanguageModelOptions,
): Promise<LanguageEvaluation> {
  const scorer = new LabelScorer(model);
  const eventLoop = eventLoopTurns();
  const turn = async () => {
    await eventLoop();
    pollOf(signal)?.();
    signal?.throwIfAborted();
  };
  let done = 0;
  try {
    for (const draw of rows.draws({ batchSize: 1 })) {
      await turn();
      tally.add(draw, await scorer.score(draw.take(), turn, signal));
      done += draw.members.length;
      onProgress?.(done, rows.length);
    }
    return tally.evaluation();
  } finally {
    scorer.dispose();
  }
}

/** Checks lengths and ids. @throws RangeError for an example that the model cannot compute */
function checkTokens({ config }: LlamaForCausalLM, examples: readonly TokenExample[]): void {
  const { vocabularySize, contextLength } = config;
  for (const [number, example] of examples.entries()) {
    const [{ ids }, length] = [example, computedLength(example)];
    const where = `${CALL}: examples[${number}]`;
    const beyond = ids.find((id) => id < 0 || id >= vocabularySize);
    if (beyond !== undefined)
      throw new RangeError(`${where}: the model has ${vocabularySize} tokens: none has the id ${beyond}`);
    if (length > contextLength)
      throw new RangeError(`${where}: has ${length} tokens, and the model's context ${contextLength}`);
  }
}

/** Running totals over the trained tokens. */
class Tally {
  readonly #tokenizer: Tokenizer;
  readonly #special: ReadonlySet<number>;
  readonly #sums: { nats: number; tokens: number; correct: number }[];
  readonly #text = { nats: 0, bytes: 0 };

  constructor(tokenizer: Tokenizer, examples: number) {
    this.#tokenizer = tokenizer;
    this.#special = new Set(tokenizer.specialTokens.values());
    this.#sums = Array.from({ length: examples }, () => ({ nats: 0, tokens: 0, correct: 0 }));
  }

  /** Adds the labels of a row. @throws NonFiniteError for a loss that is not finite */
  add({ members, row }: PackedDraw, { losses, best }: LabelScores): void {
    let label = 0;
    for (const { example, trainedTokens } of members) {
      const sums = this.#sums[example];
      for (const end = label + trainedTokens; label < end; label++) {
        const [nats, target] = [losses[label], row.targets[label]];
        if (!Number.isFinite(nats))
          throw new NonFiniteError(
            `${CALL}: examples[${example}]: the loss of a token must be finite: ${nats}`,
            'loss',
          );
        sums.nats += nats;
        sums.tokens += 1;
        if (best[label] === target) sums.correct += 1;
        this.#addText(target, nats);
      }
    }
  }

  evaluation(): LanguageEvaluation {
    const sum = (of: 'nats' | 'tokens' | 'correct') =>
      this.#sums.reduce((total, each) => total + each[of], 0);
    const tokens = sum('tokens');
    const loss = sum('nats') / tokens;
    const { nats, bytes } = this.#text;
    return {
      loss,
      perplexity: Math.exp(loss),
      bitsPerByte: nats / Math.LN2 / bytes,
      accuracy: sum('correct') / tokens,
      tokens,
      examples: this.#sums.map((each) => ({
        loss: each.nats / each.tokens,
        tokens: each.tokens,
        correct: each.correct,
      })),
    };
  }

  #addText(token: number, nats: number): void {
    // The model may have ids that the tokenizer lacks.
    if (this.#special.has(token) || !this.#tokenizer.hasToken(token)) return;
    this.#text.nats += nats;
    this.#text.bytes += this.#tokenizer.textBytes(token);
  }
}
