/** What `lowrank eval` does with a language model, from the files to the scores. */
import { countParameters, withAdapterDisabled } from '../../core.js';
import {
  evaluateLanguageModel,
  type LanguageEvaluation,
  type LanguageScores,
} from '../../models/evaluateLanguageModel.js';
import type { LlamaForCausalLM } from '../../models/llama.js';
import { loadLanguageModel } from '../../models/load.js';
import { writeFileAtomic } from '../../node.js';
import { type BadLine, placeOf, refusalOf } from '../../text/badLines.js';
import type { TokenizedExample } from '../../text/tokenizeExamples.js';
import type { Tokenizer } from '../../text/tokenizer.js';
import { ensureWritableFile, jsonText } from '../json.js';
import { modelPath, shown } from '../modelPath.js';
import { print } from '../output.js';
import { openDevice } from '../prepare.js';
import type { Progress } from '../progress.js';
import type { Streams } from '../streams.js';
import { addAdapters } from './adapters.js';
import { readEvalFile, tokenizeEvalFile } from './evalExamples.js';
import type { EvalCommand } from './evalOptions.js';
import { type Evaluated, evalReport } from './evalReport.js';
import { systemInForce } from './systemInForce.js';

export interface EvalReporting {
  readonly progress: Progress;
  readonly notice: (text: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Opens everything before the long work, measures without and with the adapters, and reports.
 * @throws UsageError for a device that is not there, DataError for files that are not what they claim
 */
export async function runEval(
  options: EvalCommand,
  { stdout, stderr }: Streams,
  reporting: EvalReporting,
): Promise<void> {
  const { json, quiet } = options;
  const toFile = json !== undefined && json !== '-' ? await ensureWritableFile(json) : undefined;
  const evaluated = await evaluateFiles(options, reporting);
  const text = jsonText(summaryOf(evaluated));
  if (json === '-') stdout.write(text);
  if (toFile !== undefined) await writeFileAtomic(toFile, new TextEncoder().encode(text));
  if (json !== '-' || !quiet) print(json === '-' ? stderr : stdout, evalReport(options, evaluated));
}

async function evaluateFiles(
  options: EvalCommand,
  { progress, notice, signal }: EvalReporting,
): Promise<Evaluated> {
  const file = await readEvalFile(options);
  noteLeftOut(file.name, file.bad, file.examples.length + file.bad.length, notice);
  const { device } = await openDevice(options);
  try {
    const path = await modelPath(options, progress, signal);
    const { model, tokenizer, notes } = await shown('load', progress, (onBytes) =>
      loadLanguageModel(device, path, { weights: options.weights, onBytes, signal }),
    );
    for (const note of notes) notice(`note: ${note}`);
    const parameters = countParameters(model).total;
    const measured = tokenizeEvalFile(file, tokenizer, model.config.contextLength, options);
    noteLeftOut(file.name, measured.refused, file.examples.length, notice);
    await addAdapters(model, options.adapters, notice);
    const scores = await measure(model, tokenizer, measured.examples, options, { progress, signal });
    const source = `${file.name} (${file.format})`;
    const places = new Set(measured.examples.map(placeOf));
    const used = file.examples.filter((example) => places.has(placeOf(example)));
    const system = systemInForce(tokenizer, used, options.system);
    const isText = used.every(({ content }) => content.kind === 'text');
    return { parameters, source, measured, isText, system, ...scores };
  } finally {
    device.dispose();
  }
}

/** Without the adapters, and with them where there are any. */
async function measure(
  model: LlamaForCausalLM,
  tokenizer: Tokenizer,
  examples: readonly TokenizedExample[],
  { adapters }: EvalCommand,
  { progress, signal }: Pick<EvalReporting, 'progress' | 'signal'>,
): Promise<Pick<Evaluated, 'base' | 'adapted'>> {
  const scores = async (name: string): Promise<LanguageEvaluation> => {
    progress.begin({ name, total: examples.length, unit: 'examples', transient: true });
    const onProgress = (done: number) => progress.update(done);
    const evaluation = await evaluateLanguageModel(model, tokenizer, examples, { signal, onProgress });
    progress.end();
    return evaluation;
  };
  if (adapters.length === 0) return { base: await scores('base'), adapted: undefined };
  const base = await withAdapterDisabled(model, () => scores('base'));
  return { base, adapted: await scores('adapted') };
}

function noteLeftOut(
  name: string,
  bad: readonly BadLine[],
  all: number,
  notice: (text: string) => void,
): void {
  if (bad.length > 0) notice(`note: ${refusalOf(name, bad, all, 'left out').message}`);
}

/** The shape is a contract: programs read it. */
function summaryOf({ base, adapted }: Evaluated) {
  return { base: scoresOf(base), adapted: adapted ? scoresOf(adapted) : null };
}

function scoresOf({ loss, perplexity, bitsPerByte, accuracy, tokens }: LanguageScores): LanguageScores {
  return { loss, perplexity, bitsPerByte, accuracy, tokens };
}
