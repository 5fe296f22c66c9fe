/** Scores of the labelled tokens of a packed row: the loss of each, and the most likely token in its place. */
import { noGrad } from '../autograd/record.js';
import type { HostArray, Storage } from '../backends/backend.js';
import { unlessStopped } from '../backends/stoppable.js';
import type { PackedBatch } from '../data/packedRows.js';
import { evaluationModes, type Modes, withModes } from '../nn/mode.js';
import { embedding } from '../ops/embedding.js';
import { Tensor } from '../tensor.js';
import { LABEL_STEP } from '../text/packedRow.js';
import type { LlamaForCausalLM } from './llama.js';
import { labelledStates } from './tokenLoss.js';

export interface LabelScores {
  /** Losses, [labels]: −log of the probability of the target, in nats; 0 in the padding. */
  readonly losses: HostArray;
  /** Most likely tokens, [labels]: the first with the largest logit. */
  readonly best: Int32Array;
}

/**
 * Scores rows without a graph, in evaluation mode. As in training, only the labelled rows go through the head, a few at a time,
 * so that the logits of all never exist together.
 */
export class LabelScorer {
  readonly #model: LlamaForCausalLM;
  readonly #modes: Modes;
  /** The factor 1 for losses, which are not averaged. */
  readonly #one: Storage;

  constructor(model: LlamaForCausalLM) {
    this.#model = model;
    this.#modes = evaluationModes(model);
    this.#one = model.device.alloc('f32', 1);
    model.device.write(this.#one, [1]);
  }

  /**
   * @param turn    called between two parts of the work; an error that it throws ends the work
   * @param signal  also checked within these parts where it is polled: `turn` throws then
   */
  async score(batch: PackedBatch, turn: () => Promise<void>, signal?: AbortSignal): Promise<LabelScores> {
    const { device } = this.#model;
    const labels = batch.targets.length;
    const best = new Int32Array(labels);
    const states = this.#states(batch, signal);
    const losses = device.alloc('f32', labels);
    try {
      for (let first = 0; first < labels; first += LABEL_STEP) {
        await turn();
        best.set(await this.#chunk(states, batch.targets, losses, first), first);
      }
      return { losses: await device.read(losses), best };
    } finally {
      states[0].dispose();
      device.free(losses);
    }
  }

  #states(batch: PackedBatch, signal: AbortSignal | undefined): ReturnType<typeof labelledStates> {
    let states: ReturnType<typeof labelledStates> | undefined;
    unlessStopped(this.#model.device, signal, () => {
      states = noGrad(() => withModes(this.#modes, () => labelledStates(this.#model, batch)));
    });
    if (states) return states;
    throw new DOMException('evaluateLanguageModel: it was stopped', 'AbortError');
  }

  dispose(): void {
    this.#model.device.free(this.#one);
  }

  /** Writes the losses of some labels. @returns their most likely tokens */
  async #chunk(
    [hidden, places]: readonly [hidden: Tensor, rows: Tensor],
    labels: Tensor,
    losses: Storage,
    first: number,
  ): Promise<number[]> {
    const { device } = hidden;
    const [indices, targets, out] = [places.storage, labels.storage, losses].map((whole) =>
      device.slice(whole, first, LABEL_STEP),
    );
    const rows = new Tensor(device, indices, [LABEL_STEP]);
    let logits: Tensor | undefined;
    try {
      logits = this.#compute(() => this.#model.lm_head.forward(embedding(rows, hidden)));
      const [, cols] = logits.shape;
      const values = await logits.read();
      const scale = this.#one;
      // The gradient overwrites the logits, which have been read.
      device.run('vocabularyLoss', {
        losses: out,
        logits: logits.storage,
        targets,
        scale,
        rows: LABEL_STEP,
        cols,
      });
      return Array.from({ length: LABEL_STEP }, (_, row) => firstLargest(values, row * cols, cols));
    } finally {
      logits?.dispose();
      rows.dispose();
      for (const each of [targets, out]) device.free(each);
    }
  }

  #compute(body: () => Tensor): Tensor {
    return noGrad(() => withModes(this.#modes, body));
  }
}

/** Index of the first occurrence of the largest of `count` values. */
function firstLargest(values: HostArray, from: number, count: number): number {
  let best = 0;
  for (let i = 1; i < count; i++) if (values[from + i] > values[from + best]) best = i;
  return best;
}
