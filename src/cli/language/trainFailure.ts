/** What is reported and kept of a run whose numbers are no longer finite. */
import { DataError } from '../../core.js';
import { evaluateLanguageModel } from '../../models/evaluateLanguageModel.js';
import type { LastGood } from './lastGood.js';
import type { DataExample } from './readData.js';
import type { UsedExamples } from './trainSetup.js';
import type { Run } from './trainSteps.js';

const MOST_LINES = 10;

export interface Failure {
  /** Such as `the loss is NaN at step 3`. */
  readonly what: string;
  /** The examples that it comes from, by number; empty where that is not known. */
  readonly used: UsedExamples;
  readonly numbers: readonly number[];
}

/** Leaves the last good adapter in the folder. @returns the message, with the lines of the examples as far as they are known */
export async function failureOf(
  { setup, folder }: Run,
  good: LastGood,
  { what, used, numbers }: Failure,
): Promise<DataError> {
  const examples = numbers.map((number) => used.examples[number]);
  const unsound: DataExample[] = [];
  for (const example of examples) {
    const { model, data } = setup;
    const measured = evaluateLanguageModel(model, data.tokenizer, [example.tokens]);
    if (!(await measured.then(({ loss }) => Number.isFinite(loss)).catch(() => false))) unsound.push(example);
  }
  const replayed = new Set(setup.keep?.examples);
  const own = (unsound.length > 0 ? unsound : examples).filter((example) => !replayed.has(example));
  const lines = [...new Set(own.map(({ tokens }) => tokens.line))].sort((a, b) => a - b);
  const shown = lines.slice(0, MOST_LINES).join(', ') + (lines.length > MOST_LINES ? ', …' : '');
  const where = lines.length === 0 ? '' : `, in ${lines.length === 1 ? 'line' : 'lines'} ${shown}`;
  return new DataError(
    `${used.name}: ${what}${where}: ${folder.path} has ${await keptText(folder, good)}; a lower --learning-rate or a smaller --clip may help`,
  );
}

/** The weights of the best validation are good, and there already. */
async function keptText(folder: Run['folder'], good: LastGood): Promise<string> {
  if (await folder.hasAdapter()) return 'the adapter of the best validation';
  const { step, files } = await good.files();
  await folder.putAdapter(files);
  return step === 0
    ? 'the adapter at the start of the run'
    : `the adapter of step ${step}, the last good one`;
}
