/** Examples that a training run must not make worse: built in, or from a file. */
import { DataError, Random } from '../../core.js';
import { refusalOf } from '../../text/badLines.js';
import { GENERAL_EXAMPLES } from '../../text/generalExamples.js';
import { shortenExamples } from '../../text/longExamples.js';
import { type ReadExample, readExamples } from '../../text/readExamples.js';
import { tokenizeExamples } from '../../text/tokenizeExamples.js';
import type { Tokenizer } from '../../text/tokenizer.js';
import type { DataExample } from './readData.js';
import type { TrainCommand } from './trainOptions.js';

export interface KeepSet {
  readonly name: string;
  readonly examples: readonly DataExample[];
}

/** Undefined with `--keep none`. @throws DataError for a file that cannot be read, or examples that are refused */
export async function readKeepSet(
  tokenizer: Tokenizer,
  options: TrainCommand,
  { maxLength, notice }: { readonly maxLength: number; readonly notice: (text: string) => void },
): Promise<KeepSet | undefined> {
  const { keep, replay } = options;
  if (keep === 'none') return undefined;
  if (keep !== 'general') {
    const { examples } = await readExamples(keep);
    return { name: keep, examples: keptExamples(tokenizer, { name: keep, examples }, options, maxLength) };
  }
  const general = { name: 'general questions', examples: generalExamples(tokenizer) };
  try {
    return { ...general, examples: keptExamples(tokenizer, general, options, maxLength) };
  } catch (error) {
    // The user did not ask for them, unless there is replay.
    if (!(error instanceof DataError) || replay > 0) throw error;
    notice(`note: what is forgotten is not measured (--keep): ${error.message}`);
    return undefined;
  }
}

function keptExamples(
  tokenizer: Tokenizer,
  { name, examples: read }: { readonly name: string; readonly examples: readonly ReadExample[] },
  { trainOn, system, allowSpecial, long }: TrainCommand,
  maxLength: number,
): DataExample[] {
  const examples: DataExample[] = [];
  for (const example of read) {
    const { examples: tokens, refused } = tokenizeExamples(tokenizer, [example], {
      ...{ trainOn, system, allowSpecial, name, skipBad: true },
    });
    if (refused.length > 0) throw refusalOf(name, refused, read.length, 'fix them, or leave them out');
    const fitting = shortenExamples(tokens, maxLength, long === 'cut' ? 'cut' : 'drop');
    for (const each of fitting.examples) examples.push({ read: example, tokens: each });
  }
  if (examples.length === 0)
    throw new DataError(`${name}: has no example of at most ${maxLength} tokens (--max-length)`);
  return examples;
}

/** The built-in examples; for a model without a chat template, as plain texts. */
function generalExamples(tokenizer: Tokenizer): readonly ReadExample[] {
  if (tokenizer.chatTemplate !== undefined) return GENERAL_EXAMPLES;
  return GENERAL_EXAMPLES.map((example) => {
    const { line, content } = example;
    if (content.kind !== 'messages') return example;
    const [{ content: prompt }, { content: answer }] = content.messages;
    return { line, content: { kind: 'completion', prompt, completion: ` ${answer}` } };
  });
}

/**
 * Mixes examples of the keep set in, evenly, drawn by the seed without repetition until all were drawn.
 * @returns the examples in their order, and how many of them are of the keep set
 */
export function addReplay(
  own: readonly DataExample[],
  keep: KeepSet | undefined,
  { replay, seed }: Pick<TrainCommand, 'replay' | 'seed'>,
): { readonly examples: readonly DataExample[]; readonly replayed: number } {
  if (!keep || replay === 0) return { examples: own, replayed: 0 };
  const replayed = Math.max(1, Math.round((own.length * replay) / (1 - replay)));
  const random = new Random(seed).split('replay');
  const drawn: DataExample[] = [];
  while (drawn.length < replayed) {
    for (const i of random.permutation(keep.examples.length)) drawn.push(keep.examples[i]);
  }
  const examples: DataExample[] = [];
  for (const [i, example] of own.entries()) {
    examples.push(example);
    const due = Math.floor(((i + 1) * replayed) / own.length);
    while (examples.length - i - 1 < due) examples.push(drawn[examples.length - i - 1]);
  }
  return { examples, replayed };
}
