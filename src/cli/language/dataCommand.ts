/** `lowrank data` on the command line. */
import { Command } from 'commander';
import { type Streams, withDefault } from '../streams.js';
import { DATA_DESCRIPTION, DATA_EXAMPLES, DATA_SUMMARY } from './dataHelp.js';
import { DATA_DEFAULTS, parseDataOptions, type RawDataOptions } from './dataOptions.js';
import { runData } from './dataRun.js';
import { addExampleOptions } from './exampleOptions.js';
import { addModelOption } from './modelOption.js';
import { withReporting } from './reporting.js';

export function dataCommand(streams: Streams): Command {
  const { show, seed } = DATA_DEFAULTS;
  const command = addModelOption(new Command('data').summary(DATA_SUMMARY).description(DATA_DESCRIPTION))
    .requiredOption('--data <path>', 'a file of examples, or a folder; see below')
    .addOption(withDefault('--show <n>', 'show the tokens of the first n training examples', show));
  return addExampleOptions(command, 'that are trained')
    .option('--no-validate', 'hold nothing out when there is no validation file')
    .addOption(withDefault('--seed <n>', 'random seed for the share that is held out', seed))
    .optionsGroup('Output:')
    .option('--json <file>', 'write the facts as JSON; - is standard output')
    .option('--quiet', 'no progress on standard error, and with --json - no report')
    .addHelpText('after', DATA_EXAMPLES)
    .action((raw: RawDataOptions) => showData(raw, streams));
}

async function showData(raw: RawDataOptions, streams: Streams): Promise<void> {
  const options = parseDataOptions(raw);
  await withReporting(options.quiet, streams, (reporting) => runData(options, streams, reporting));
}
