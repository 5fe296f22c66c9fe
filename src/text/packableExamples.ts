/** Examples as they go into rows: checked, and not longer than necessary. */
import { DataError } from '../base/errors.js';
import { type TokenExample, UNTRAINED } from './examples.js';

/** An example as it is computed, without the tokens after its last trained one. */
export interface PackableExample {
  /** Inputs, [tokens]: all before the last trained token, which is predicted and predicts nothing itself. */
  readonly inputs: Int32Array;
  /** Labels, [tokens + 1], of these tokens and of the last trained one. */
  readonly labels: Int32Array;
  readonly trainedTokens: number;
}

/** Checks an example and shortens it. @throws DataError for labels that do not fit, or without a trained token */
export function packable({ ids, labels }: TokenExample, number: number): PackableExample {
  const where = `examples[${number}]`;
  if (!(ids instanceof Int32Array && labels instanceof Int32Array) || ids.length !== labels.length)
    throw new DataError(`${where}: ids and labels must be Int32Arrays of one length`);
  const wrong = labels.findIndex((label, i) => label !== UNTRAINED && (i === 0 || label !== ids[i]));
  if (wrong >= 0)
    throw new DataError(
      `${where}: a label must be ${UNTRAINED} or the token itself, and the first ${UNTRAINED}: token ${wrong} is ${ids[wrong]}, its label ${labels[wrong]}`,
    );
  const example = endingAtLabel(ids, labels);
  if (!example)
    throw new DataError(`${where}: must have a token that is trained: it has ${ids.length} in all`);
  return example;
}

/** The example up to its last trained token; undefined where no token is trained. */
function endingAtLabel(ids: Int32Array, labels: Int32Array): PackableExample | undefined {
  let end = labels.length;
  while (end > 0 && labels[end - 1] === UNTRAINED) end--;
  if (end === 0) return undefined;
  const kept = labels.slice(0, end);
  const trainedTokens = kept.reduce((count, label) => count + (label === UNTRAINED ? 0 : 1), 0);
  return { inputs: ids.slice(0, end - 1), labels: kept, trainedTokens };
}

/** The examples of at most `maxLength` tokens. @throws DataError when others are refused */
export function shortened(
  examples: readonly PackableExample[],
  maxLength: number,
  long: 'cut' | 'drop' | 'refuse',
): PackableExample[] {
  const tooLong = examples.filter(({ labels }) => labels.length > maxLength);
  if (tooLong.length > 0 && long === 'refuse') {
    const longest = tooLong.reduce((most, { labels }) => Math.max(most, labels.length), 0);
    throw new DataError(
      `packing: examples must have at most ${maxLength} tokens (maxLength), or long must be cut or drop: ${tooLong.length} of ${examples.length} have more, the first examples[${examples.indexOf(tooLong[0])}], the longest ${longest}`,
    );
  }
  return examples.flatMap((example) => {
    if (example.labels.length <= maxLength) return [example];
    const { inputs, labels } = example;
    const cut =
      long === 'cut'
        ? endingAtLabel(inputs.subarray(0, maxLength), labels.subarray(0, maxLength))
        : undefined;
    return cut ? [cut] : [];
  });
}
