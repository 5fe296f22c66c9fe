/** `lowrank data` on the command line. */
import { Command } from 'commander';
import { TRAIN_ON } from '../../text/examples.js';
import { LONG } from '../../text/longExamples.js';
import { type Streams, withDefault } from '../streams.js';
import { DATA_DESCRIPTION, DATA_EXAMPLES, DATA_SUMMARY } from './dataHelp.js';
import { DATA_DEFAULTS, parseDataOptions, type RawDataOptions } from './dataOptions.js';
import { runData } from './dataRun.js';
import { addModelOption } from './modelOption.js';
import { withReporting } from './reporting.js';

export function dataCommand(streams: Streams): Command {
  const { show, trainOn, long, seed } = DATA_DEFAULTS;
  return addModelOption(new Command('data').summary(DATA_SUMMARY).description(DATA_DESCRIPTION))
    .requiredOption('--data <path>', 'a file of examples, or a folder; see below')
    .addOption(withDefault('--show <n>', 'show the tokens of the first n training examples', show))
    .optionsGroup('Examples:')
    .addOption(
      withDefault('--train-on <what>', `the tokens that are trained: ${TRAIN_ON.join(', ')}`, trainOn),
    )
    .option('--system <text>', 'the system message of conversations that have none')
    .option('--max-length <n>', 'most tokens of an example (default: the context, at most 1024)')
    .addOption(withDefault('--long <what>', `what becomes of longer ones: ${LONG.join(', ')}`, long))
    .option('--allow-special', 'read special tokens in texts as control tokens instead of refusing them')
    .option('--skip-bad', 'leave out lines that are no examples, and count them')
    .option('--no-validate', 'hold no share out where there is no file for validation')
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
