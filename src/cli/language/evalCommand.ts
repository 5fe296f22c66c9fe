/** `lowrank eval` on the command line: of a language model, or of a DigitsNet. */
import { Command } from 'commander';
import { evaluateDigitsNet } from '../adapterCommands.js';
import { UsageError } from '../errors.js';
import { print } from '../output.js';
import type { Streams } from '../streams.js';
import { addComputingOptions } from './computingOptions.js';
import { EVAL_DESCRIPTION, EVAL_EXAMPLES, EVAL_SUMMARY } from './evalHelp.js';
import { parseEvalOptions, type RawEvalOptions } from './evalOptions.js';
import { runEval } from './evalRun.js';
import { addExampleOptions } from './exampleOptions.js';
import { withReporting } from './reporting.js';
import { list } from './samplingOptions.js';

/** The options that can be given with `--base`. */
const OF_DIGITS_NET: readonly string[] = ['base', 'adapter', 'data', 'device', 'threads'];

export function evalCommand(streams: Streams): Command {
  const command = new Command('eval')
    .summary(EVAL_SUMMARY)
    .description(EVAL_DESCRIPTION)
    .option('--model <path|id>', 'a language model: a GGUF file, a folder, an id; see below')
    .option('--download', 'download a model given by its id that is in no cache')
    .option('--base <file>', 'instead: a DigitsNet saved by lowrank mnist (base.safetensors)')
    .option('--adapter <dir[@scale]>', 'also measure with this LoRA adapter, scaled; repeatable', list)
    .option('--data <path>', 'a file of examples, or a folder; see below');
  addComputingOptions(addExampleOptions(command, 'that count'));
  return command
    .optionsGroup('Output:')
    .option('--json <file>', 'write the scores as JSON; - is standard output')
    .option('--quiet', 'no progress and no notices on standard error')
    .addHelpText('after', EVAL_EXAMPLES)
    .action((raw: RawEvalOptions) => evaluateAny(raw, command, streams));
}

async function evaluateAny(raw: RawEvalOptions, command: Command, streams: Streams): Promise<void> {
  const { base } = raw;
  if (base === undefined) return evaluateExamples(raw, streams);
  if (raw.model !== undefined)
    throw new UsageError('--base: cannot be given with --model, which names another model');
  for (const option of command.options) {
    const name = option.attributeName();
    if (!OF_DIGITS_NET.includes(name) && command.getOptionValueSource(name) === 'cli')
      throw new UsageError(`${option.long}: requires --model: --base is a DigitsNet`);
  }
  const [adapter, ...more] = raw.adapter ?? [];
  if (more.length > 0) throw new UsageError('--adapter: can be given only once with --base');
  print(streams.stdout, await evaluateDigitsNet({ ...raw, base, adapter }));
}

async function evaluateExamples(raw: RawEvalOptions, streams: Streams): Promise<void> {
  const options = parseEvalOptions(raw);
  await withReporting(options.quiet, streams, (reporting) => runEval(options, streams, reporting));
}
