/** The examples that `lowrank eval` measures a model on. */
import { DataError } from '../../core.js';
import { exampleFiles } from '../../node/exampleFiles.js';
import { type BadLine, placeOf, refusalOf } from '../../text/badLines.js';
import { computedLength, shortenExamples } from '../../text/longExamples.js';
import { type ExampleFile, readExamples } from '../../text/readExamples.js';
import { type TokenizedExample, tokenizeExamples } from '../../text/tokenizeExamples.js';
import type { Tokenizer } from '../../text/tokenizer.js';
import type { EvalCommand } from './evalOptions.js';

/** Where `--max-length` is not given, and the context is longer. */
const DEFAULT_MAX_LENGTH = 1024;

/** Examples to measure, and what became of the others. */
export interface MeasuredExamples {
  readonly examples: readonly TokenizedExample[];
  /** Lines that were left out when the file was read, and those that were when it was tokenized. */
  readonly bad: readonly BadLine[];
  readonly refused: readonly BadLine[];
  /** Examples that were too long. */
  readonly cut: number;
  readonly dropped: number;
  readonly maxLength: number;
}

/**
 * Reads a file of examples; of a folder the test examples, or else those for validation.
 * @throws DataError where there are none, and as `readExamples`
 */
export async function readEvalFile({ data, skipBad }: EvalCommand): Promise<ExampleFile> {
  const { isFolder, train, valid, test } = await exampleFiles(data);
  const path = isFolder ? (test ?? valid) : train;
  if (path === undefined)
    throw new DataError(
      `${data}: must have test.jsonl or valid.jsonl: it has train.jsonl only, which can be given as a file`,
    );
  const file = await readExamples(path, { name: path, skipBad: true });
  refuseBad(file, file.bad, file.examples.length + file.bad.length, skipBad);
  return file;
}

/** @throws DataError where lines are bad, unless they are left out */
function refuseBad({ name }: ExampleFile, bad: readonly BadLine[], all: number, skipBad: boolean): void {
  if (bad.length > 0 && !skipBad) throw refusalOf(name, bad, all, '--skip-bad leaves them out');
}

/**
 * @param contextLength  of the model
 * @throws DataError for what cannot be measured, by line, unless it is left out
 */
export function tokenizeEvalFile(
  file: ExampleFile,
  tokenizer: Tokenizer,
  contextLength: number,
  options: EvalCommand,
): MeasuredExamples {
  const { name, examples: read, bad } = file;
  const { trainOn, system, allowSpecial, skipBad, long } = options;
  const { maxLength = Math.min(contextLength, DEFAULT_MAX_LENGTH) } = options;
  if (maxLength > contextLength)
    throw new DataError(`--max-length: must be at most the model's context, ${contextLength}: ${maxLength}`);
  const { examples, refused } = tokenizeExamples(tokenizer, read, {
    ...{ trainOn, system, allowSpecial, skipBad: true, name },
  });
  refuseBad(file, refused, read.length, skipBad);
  if (long === 'refuse') refuseLong(name, examples, maxLength);
  const fitting = shortenExamples(examples, maxLength, long === 'cut' ? 'cut' : 'drop');
  if (fitting.examples.length === 0)
    throw new DataError(
      `${name}: has no examples that can be measured: ${read.length + bad.length} are left out`,
    );
  return { ...fitting, bad, refused, maxLength };
}

/** @throws DataError with the counts */
function refuseLong(name: string, examples: readonly TokenizedExample[], maxLength: number): void {
  const tooLong = examples.filter((example) => computedLength(example) > maxLength);
  if (tooLong.length === 0) return;
  const [first] = tooLong;
  const longest = tooLong.reduce((most, each) => Math.max(most, computedLength(each)), 0);
  const lines = tooLong.length === 1 ? 'has' : 'have';
  throw new DataError(
    `${name}: examples must have at most ${maxLength} tokens (--max-length), or --long must be cut or drop: ` +
      `${tooLong.length} of ${examples.length} ${lines} more, the first in ${placeOf(first)}, the longest ${longest}`,
  );
}
