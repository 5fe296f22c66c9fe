/** The examples that a command trains on, from a file or a folder: read, tokenized, and a share held out. Bad lines are listed, not yet refused. */
import { DataError } from '../../core.js';
import { exampleFiles } from '../../node/exampleFiles.js';
import type { BadLine } from '../../text/badLines.js';
import type { TrainOn } from '../../text/examples.js';
import { type ReadExample, readExamples } from '../../text/readExamples.js';
import { splitExamples } from '../../text/splitExamples.js';
import { type TokenizedExample, tokenizeExamples } from '../../text/tokenizeExamples.js';
import type { Tokenizer } from '../../text/tokenizer.js';
import type { Progress } from '../progress.js';

export interface DataRequest {
  /** A file, or a folder. */
  readonly data: string;
  readonly trainOn: TrainOn;
  readonly system: string | undefined;
  readonly allowSpecial: boolean;
  /** Whether a share is held out for validation where there is no file for it. */
  readonly holdOut: boolean;
  readonly seed: number;
}

/** A file, and the lines that are not examples or cannot be trained on. */
export interface DataFile {
  readonly path: string;
  readonly format: string;
  /** Lines with content. */
  readonly lines: number;
  /** Refused lines, in their order. */
  readonly bad: readonly BadLine[];
}

export interface DataExample {
  readonly read: ReadExample;
  readonly tokens: TokenizedExample;
}

export type DataUse = (typeof DATA_USES)[number];
export const DATA_USES = ['train', 'valid', 'test'] as const;

export interface DataPart {
  readonly file: DataFile;
  /** Whether it is a share of the file of training examples. */
  readonly isHeldOut: boolean;
  readonly examples: readonly DataExample[];
}

export interface LanguageData {
  readonly files: readonly DataFile[];
  readonly parts: Readonly<Partial<Record<DataUse, DataPart>>>;
  /** Files of the folder that look like examples and are not used. */
  readonly unused: readonly string[];
}

/** Examples that are tokenized between two looks at the signal. */
const AT_ONCE = 64;

/**
 * Reads all files of the data. Lines that are refused stand in `bad`; see `refusalOf`.
 * @throws DataError for files that cannot be read or have no example, and for fewer examples than validation needs
 */
export async function readData(
  tokenizer: Tokenizer,
  request: DataRequest,
  { progress, signal }: { readonly progress: Progress; readonly signal: AbortSignal },
): Promise<LanguageData> {
  const found = await exampleFiles(request.data);
  const parts: Partial<Record<DataUse, DataPart>> = {};
  const files: DataFile[] = [];
  for (const use of DATA_USES) {
    const path = found[use];
    if (path === undefined) continue;
    const part = await readPart(tokenizer, path, request, { progress, signal });
    parts[use] = part;
    files.push(part.file);
  }
  const { train } = parts;
  if (train && !parts.valid && request.holdOut && train.examples.length > 0) {
    if (train.examples.length < 2)
      throw new DataError(
        `${train.file.path}: must have at least 2 examples, as one is held out for validation (--no-validate holds none out): 1`,
      );
    const split = splitExamples(train.examples, { seed: request.seed });
    parts.train = { ...train, examples: split.train };
    parts.valid = { ...train, examples: split.valid, isHeldOut: true };
  }
  return { files, parts, unused: found.others };
}

/** Reads one file. @throws DataError where it cannot be read or has no example */
export async function readPart(
  tokenizer: Tokenizer,
  path: string,
  { trainOn, system, allowSpecial }: Pick<DataRequest, 'trainOn' | 'system' | 'allowSpecial'>,
  { progress, signal }: { readonly progress: Progress; readonly signal: AbortSignal },
): Promise<DataPart> {
  const { format, examples: read, bad: unread } = await readExamples(path, { skipBad: true });
  signal.throwIfAborted();
  const examples: DataExample[] = [];
  const bad = [...unread];
  progress.begin({ name: 'tokenize', total: read.length, unit: 'examples', transient: true });
  for (const [i, example] of read.entries()) {
    const options = { trainOn, system, allowSpecial, skipBad: true };
    const { examples: tokenized, refused } = tokenizeExamples(tokenizer, [example], options);
    for (const tokens of tokenized) examples.push({ read: example, tokens });
    bad.push(...refused);
    if (i % AT_ONCE !== 0) continue;
    progress.update(i + 1);
    // Signals arrive between two turns of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
  }
  progress.end();
  bad.sort((a, b) => a.line - b.line);
  const file = { path, format, lines: read.length + unread.length, bad };
  return { file, isHeldOut: false, examples };
}
