/** `lowrank generate` on the command line. */
import { Command } from 'commander';
import { GENERATE_DESCRIPTION, GENERATE_EXAMPLES, GENERATE_SUMMARY } from '../help.js';
import type { Streams } from '../streams.js';
import { addComputingOptions } from './computingOptions.js';
import { parseGenerateOptions, type RawGenerateOptions } from './generateOptions.js';
import { runGenerate } from './generateRun.js';
import { addModelOption } from './modelOption.js';
import { withReporting } from './reporting.js';
import { addSamplingOptions, list } from './samplingOptions.js';

export function generateCommand(streams: Streams): Command {
  const command = addModelOption(new Command('generate'))
    .summary(GENERATE_SUMMARY)
    .description(GENERATE_DESCRIPTION)
    .requiredOption('--prompt <text>', 'the text to continue; - reads standard input')
    .option('--chat', "send the prompt as a chat message, in the model's chat template")
    .option('--system <text>', 'with --chat: the system message before it')
    .option('--allow-special', 'read special tokens in the prompt as control tokens instead of refusing them')
    .option('--adapter <dir[@scale]>', 'add a LoRA adapter, scaled; repeatable', list);
  return addComputingOptions(addSamplingOptions(command))
    .optionsGroup('Output:')
    .option('--json <file>', 'write text and figures as JSON; - is standard output')
    .option('--quiet', 'no progress, no notices and no figures on standard error')
    .addHelpText('after', GENERATE_EXAMPLES)
    .action((raw: RawGenerateOptions) => generateText(raw, streams));
}

async function generateText(raw: RawGenerateOptions, streams: Streams): Promise<void> {
  const options = parseGenerateOptions(raw);
  await withReporting(options.quiet, streams, (reporting) => runGenerate(options, streams, reporting));
}
