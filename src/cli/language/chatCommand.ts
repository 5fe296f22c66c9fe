/** `lowrank chat` on the command line. */
import { Command } from 'commander';
import type { Streams } from '../streams.js';
import { CHAT_DESCRIPTION, CHAT_EXAMPLES, CHAT_SUMMARY } from './chatHelp.js';
import { parseChatOptions, type RawChatOptions } from './chatOptions.js';
import { runChat } from './chatRun.js';
import { addComputingOptions } from './computingOptions.js';
import { addModelOption } from './modelOption.js';
import { withReporting } from './reporting.js';
import { addSamplingOptions, list } from './samplingOptions.js';

export function chatCommand(streams: Streams): Command {
  const command = addModelOption(new Command('chat'))
    .summary(CHAT_SUMMARY)
    .description(CHAT_DESCRIPTION)
    .option('--adapter <dir[@scale]>', 'add a LoRA adapter, scaled; repeatable', list)
    .option('--system <text>', "the system message, instead of what the model's template adds")
    .option('--file <file>', 'send the text of a file as the first message')
    .option('--history <file>', 'continue the conversation in a file, and save it there')
    .option('--allow-special', 'read special tokens in messages as control tokens instead of refusing them');
  return addComputingOptions(addSamplingOptions(command))
    .optionsGroup('Output:')
    .option('--quiet', 'no progress, no notices and no figures on standard error')
    .addHelpText('after', CHAT_EXAMPLES)
    .action((raw: RawChatOptions) => chat(raw, streams));
}

async function chat(raw: RawChatOptions, streams: Streams): Promise<void> {
  const options = parseChatOptions(raw);
  await withReporting(options.quiet, streams, (reporting) => runChat(options, streams, reporting));
}
