/** The examples that `lowrank eval` measures a model on. */
import { DataError } from '../../core.js';
import { exampleFiles } from '../../node/exampleFiles.js';
import { placeOf, refusalOf } from '../../text/badLines.js';
import { computedLength, shortenExamples } from '../../text/longExamples.js';
import type { ReadExample } from '../../text/readExamples.js';
import type { TokenizedExample } from '../../text/tokenizeExamples.js';
import type { Tokenizer } from '../../text/tokenizer.js';
import type { Progress } from '../progress.js';
import type { EvalCommand } from './evalOptions.js';
import { maxLengthOf } from './maxLength.js';
import { type DataFile, readPart } from './readData.js';

/** Examples to measure, and what became of the others. */
export interface MeasuredExamples {
  readonly file: DataFile;
  readonly examples: readonly TokenizedExample[];
  /** The same examples as they were read, uncut. */
  readonly read: readonly ReadExample[];
  /** Examples that were too long. */
  readonly cut: number;
  readonly dropped: number;
  readonly maxLength: number;
}

/**
 * Reads the examples of a file.
 * @param contextLength  of the model
 * @throws DataError where there are none, and for what cannot be measured, by line, unless it is left out
 */
export async function readEvalExamples(
  path: string,
  { tokenizer, contextLength }: { readonly tokenizer: Tokenizer; readonly contextLength: number },
  options: EvalCommand,
  reporting: { readonly progress: Progress; readonly signal: AbortSignal },
): Promise<MeasuredExamples> {
  const { skipBad, long } = options;
  const maxLength = maxLengthOf(options.maxLength, contextLength);
  const { file, examples: all } = await readPart(tokenizer, path, options, reporting);
  if (file.bad.length > 0 && !skipBad)
    throw refusalOf(path, file.bad, file.lines, '--skip-bad leaves them out');
  const tokens = all.map((each) => each.tokens);
  if (long === 'refuse') refuseLong(path, tokens, maxLength);
  const { examples, cut, dropped } = shortenExamples(tokens, maxLength, long === 'cut' ? 'cut' : 'drop');
  if (examples.length === 0)
    throw new DataError(`${path}: has no examples that can be measured: ${file.lines} are left out`);
  const places = new Set(examples.map(placeOf));
  const read = all.map((each) => each.read).filter((example) => places.has(placeOf(example)));
  return { file, examples, read, cut, dropped, maxLength };
}

/** The file to measure on; in a folder, the test examples or else the validation examples. @throws DataError where there is none */
export async function evalFile({ data }: EvalCommand): Promise<string> {
  const { isFolder, train, valid, test } = await exampleFiles(data);
  const path = isFolder ? (test ?? valid) : train;
  if (path !== undefined) return path;
  throw new DataError(
    `${data}: must have test.jsonl or valid.jsonl: it has train.jsonl only, which can be given as a file`,
  );
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
