/** Several examples as one row of tokens, in which none sees another. */
import { UNTRAINED } from './examples.js';
import type { PackableExample } from './packableExamples.js';
import type { PrefixGroup } from './prefixGroups.js';

/** Lengths of rows are multiples of this one, and numbers of labels of the other, so that few shapes occur. */
export const TOKEN_STEP = 32;
export const LABEL_STEP = 64;

export interface PackedRow {
  /** [tokens] */
  readonly ids: Int32Array;
  /** [tokens], from 0 on for each example. */
  readonly positions: Int32Array;
  /** [tokens, 4]: a token sees from ≤ j < to and prefixFrom ≤ j < prefixTo. */
  readonly ranges: Int32Array;
  /** [labels]: the token that predicts; that of a shared prefix stands once for each example. */
  readonly labelRows: Int32Array;
  /** [labels]: what it predicts. */
  readonly targets: Int32Array;
  /** [labels]: its position. */
  readonly labelPositions: Int32Array;
  /** [labels, 4]: what it sees. */
  readonly labelRanges: Int32Array;
  /** Labels that are no padding. */
  readonly trainedTokens: number;
}

export function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}

/** How many tokens examples have in a row. */
export function tokensOf(examples: readonly PackableExample[], groups: readonly PrefixGroup[]): number {
  const saved = groups.reduce((sum, { prefix, from, to }) => sum + prefix * (to - from - 1), 0);
  return examples.reduce((sum, { inputs }) => sum + inputs.length, 0) - saved;
}

/**
 * A row of examples. Padding sees nothing, stands at position 0 and has the id 0; a label that is padding has the row 0, as
 * if that saw nothing, and the target −1.
 * @param groups  divide the examples; those of a group begin with the same `prefix` tokens
 * @param window  how many tokens each sees, itself among them
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
  /** Puts tokens of an example from a position on. @param prefixFrom  the row of its position 0, where that is shared */
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
