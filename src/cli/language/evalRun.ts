/** Runs `lowrank eval` of a language model, from the files to the scores. */
import { countParameters, withAdapterDisabled } from '../../core.js';
import {
  evaluateLanguageModel,
  type LanguageEvaluation,
  type LanguageScores,
} from '../../models/evaluateLanguageModel.js';
import type { LlamaForCausalLM } from '../../models/llama.js';
import { loadTokenizer } from '../../models/loadTokenizer.js';
import { writeFileAtomic } from '../../node.js';
import { refusalOf } from '../../text/badLines.js';
import type { TokenizedExample } from '../../text/tokenizeExamples.js';
import type { Tokenizer } from '../../text/tokenizer.js';
import { ensureWritableFile, jsonText } from '../json.js';
import { modelPath } from '../modelPath.js';
import { print } from '../output.js';
import { openDevice } from '../prepare.js';
import type { Streams } from '../streams.js';
import { addAdapters } from './adapters.js';
import { evalFile, readEvalExamples } from './evalExamples.js';
import type { EvalCommand } from './evalOptions.js';
import { type Evaluated, evalReport } from './evalReport.js';
import { loadModel } from './loadModel.js';
import type { RunReporting } from './reporting.js';
import { systemInForce } from './systemInForce.js';

/**
 * Opens everything before the long work, measures without and with the adapters, and reports.
 * @throws UsageError for a device that is not available, DataError for files that are not what they claim
 */
export async function runEval(
  options: EvalCommand,
  { stdout, stderr }: Streams,
  reporting: RunReporting,
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
  { progress, notice, signal }: RunReporting,
): Promise<Evaluated> {
  const data = await evalFile(options);
  const { device } = await openDevice(options);
  try {
    const path = await modelPath(options, progress, signal);
    // Errors in the examples are reported before the model is loaded.
    const { tokenizer, config } = await loadTokenizer(path);
    const measured = await readEvalExamples(
      data,
      { tokenizer, contextLength: config.contextLength },
      options,
      { progress, signal },
    );
    const { file, examples, read } = measured;
    if (file.bad.length > 0)
      notice(`note: ${refusalOf(file.path, file.bad, file.lines, 'left out').message}`);
    const { model } = await loadModel(device, path, options, { progress, notice, signal });
    const parameters = countParameters(model).total;
    await addAdapters(model, options.adapters, { path, notice, chat: options });
    const scores = await measure(model, tokenizer, examples, options, { progress, signal });
    const system = systemInForce(tokenizer, read, options.system);
    const isText = read.every(({ content }) => content.kind === 'text');
    return { parameters, measured, isText, system, ...scores };
  } finally {
    device.dispose();
  }
}

/** The scores without the adapters, and with them where there are any. */
async function measure(
  model: LlamaForCausalLM,
  tokenizer: Tokenizer,
  examples: readonly TokenizedExample[],
  { adapters }: EvalCommand,
  { progress, signal }: Pick<RunReporting, 'progress' | 'signal'>,
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

/** The shape is a contract: programs read it. */
function summaryOf({ base, adapted }: Evaluated) {
  return { base: scoresOf(base), adapted: adapted ? scoresOf(adapted) : null };
}

function scoresOf({ loss, perplexity, bitsPerByte, accuracy, tokens }: LanguageScores): LanguageScores {
  return { loss, perplexity, bitsPerByte, accuracy, tokens };
}
