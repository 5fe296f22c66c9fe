/** Several examples as one row of tokens, in which no example sees another. */
import { UNTRAINED } from './examples.js';
import type { PackableExample } from './packableExamples.js';
import type { PrefixGroup } from './prefixGroups.js';

/** Lengths of rows are multiples of this, and numbers of labels multiples of `LABEL_STEP`, so that few shapes occur. */
export const TOKEN_STEP = 32;
export const LABEL_STEP = 64;

export interface PackedRow {
  /** Token ids, [tokens]. */
  readonly ids: Int32Array;
  /** Positions, [tokens], counted from 0 in each example. */
  readonly positions: Int32Array;
  /** Visible ranges, [tokens, 4]: a token sees from ≤ j < to and prefixFrom ≤ j < prefixTo. */
  readonly ranges: Int32Array;
  /** Row of the token that predicts each label, [labels]; a token of a shared prefix appears once for each example. */
  readonly labelRows: Int32Array;
  /** Predicted token of each label, [labels]. */
  readonly targets: Int32Array;
  /** Position of the token that predicts each label, [labels]. */
  readonly labelPositions: Int32Array;
  /** Visible ranges of the token that predicts each label, [labels, 4]. */
  readonly labelRanges: Int32Array;
  /** Number of labels without padding. */
  readonly trainedTokens: number;
}

export function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}

/** Number of tokens of examples in a row. */
export function tokensOf(examples: readonly PackableExample[], groups: readonly PrefixGroup[]): number {
  const saved = groups.reduce((sum, { prefix, from, to }) => sum + prefix * (to - from - 1), 0);
  return examples.reduce((sum, { inputs }) => sum + inputs.length, 0) - saved;
}

/**
 * Packs examples into a row. Padding sees nothing, has position 0 and id 0; a label that is padding has row 0, as
 * if that saw nothing, and target −1.
 * @param groups  partition of the examples; those of a group begin with the same `prefix` tokens
 * @param window  number of tokens that each token sees, including itself
 */
export function packRow(
  examples: readonly PackableExample[],
  groups: readonly PrefixGroup[],
  window = Number.POSITIVE_INFINITY,
): PackedRow {
  const length = roundUp(tokensOf(examples, groups), TOKEN_STEP);
  const trainedTokens = examples.reduce((sum, each) => sum + each.trainedTokens, 0);
  const labels = roundUp(trainedTokens, LABEL_STEP);
  const [ids, positions] = [new Int32Array(length), new Int32Array(length)];
  const ranges = new Int32Array(4 * length);
  const [labelRows, targets] = [new Int32Array(labels), new Int32Array(labels).fill(UNTRAINED)];
  let [row, label] = [0, 0];
  /** Puts tokens of an example into the row. @param prefixFrom  the row of its position 0, where that is shared */
  const put = (inputs: Int32Array, from: number, to: number, prefixFrom: number) => {
    const start = row;
    for (let position = from; position < to; position++, row++) {
      ids[row] = inputs[position];
      positions[row] = position;
      const hidden = Math.max(0, position + 1 - window);
      const seen = [Math.max(start, row + 1 - window), row + 1];
      ranges.set(hidden < from ? [...seen, prefixFrom + hidden, prefixFrom + from] : seen, 4 * row);
    }
  };
  for (const { prefix, from, to } of groups) {
    const begin = row;
    put(examples[from].inputs, 0, prefix, begin);
    for (const { inputs, labels: wanted } of examples.slice(from, to)) {
      const tail = row - prefix;
      put(inputs, prefix, inputs.length, begin);
      for (let i = 1; i < wanted.length; i++) {
        if (wanted[i] === UNTRAINED) continue;
        labelRows[label] = (i <= prefix ? begin : tail) + i - 1;
        targets[label++] = wanted[i];
      }
    }
  }
  const [labelPositions, labelRanges] = [new Int32Array(labels), new Int32Array(4 * labels)];
  for (const [i, each] of labelRows.subarray(0, trainedTokens).entries()) {
    labelPositions[i] = positions[each];
    labelRanges.set(ranges.subarray(4 * each, 4 * each + 4), 4 * i);
  }
  return { ids, positions, ranges, labelRows, targets, labelPositions, labelRanges, trainedTokens };
}
