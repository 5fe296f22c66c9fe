/** `lowrank generate` on the command line. */
import { Command } from 'commander';
import {
  DEVICES,
  GENERATE_DEFAULTS,
  PRECISIONS,
  parseGenerateOptions,
  type RawGenerateOptions,
  WEIGHTS,
} from './generateOptions.js';
import { runGenerate } from './generateRun.js';
import { GENERATE_DESCRIPTION, GENERATE_EXAMPLES, GENERATE_SUMMARY } from './help.js';
import { listenForInterrupts } from './interrupt.js';
import { addModelOption } from './language/modelOption.js';
import { printLine } from './output.js';
import { createProgress, SILENT } from './progress.js';
import { type Streams, withDefault } from './streams.js';

const list = (value: string, before: readonly string[] = []) => [...before, value];

export function generateCommand(streams: Streams): Command {
  const { maxTokens, temperature, topK, topP, minP, repetitionPenalty, seed } = GENERATE_DEFAULTS;
  return addModelOption(new Command('generate'))
    .summary(GENERATE_SUMMARY)
    .description(GENERATE_DESCRIPTION)
    .requiredOption('--prompt <text>', 'the text to continue; - reads standard input')
    .option('--chat', "send the prompt as a chat message, in the model's chat template")
    .option('--system <text>', 'with --chat: the system message before it')
    .option('--allow-special', 'read special tokens in the prompt as control tokens instead of refusing them')
    .option('--adapter <dir[@scale]>', 'add a LoRA adapter, scaled; repeatable', list)
    .optionsGroup('Sampling:')
    .addOption(withDefault('--max-tokens <n>', 'the most tokens to generate', maxTokens))
    .addOption(withDefault('--temperature <x>', '0 always takes the most likely token', temperature))
    .addOption(withDefault('--top-k <n>', 'draw from the n most likely tokens; 0: all', topK))
    .addOption(
      withDefault('--top-p <x>', 'draw from the most likely ones that together reach probability x', topP),
    )
    .addOption(withDefault('--min-p <x>', 'draw from those at least x times as likely as the best', minP))
    .addOption(
      withDefault(
        '--repetition-penalty <x>',
        'divides the logits of tokens that already occur',
        repetitionPenalty,
      ),
    )
    .addOption(withDefault('--seed <n>', 'random seed for the draws', seed))
    .option('--stop <text>', 'end before this text; repeatable', list)
    .optionsGroup('Computing:')
    .addOption(
      withDefault(
        '--weights <type>',
        `element type of the weights: ${WEIGHTS.join(', ')}`,
        GENERATE_DEFAULTS.weights,
      ),
    )
    .addOption(withDefault('--precision <name>', PRECISIONS.join(', '), GENERATE_DEFAULTS.precision))
    .addOption(withDefault('--device <name>', DEVICES.join(', '), GENERATE_DEFAULTS.device))
    .addOption(
      withDefault(
        '--threads <n>',
        'WebAssembly threads, 1 to 64, or auto; the text is the same',
        GENERATE_DEFAULTS.threads,
      ),
    )
    .optionsGroup('Output:')
    .option('--json <file>', 'write text and figures as JSON; - is standard output')
    .option('--quiet', 'no progress, no notices and no figures on standard error')
    .addHelpText('after', GENERATE_EXAMPLES)
    .action((raw: RawGenerateOptions) => generateText(raw, streams));
}

async function generateText(raw: RawGenerateOptions, streams: Streams): Promise<void> {
  const options = parseGenerateOptions(raw);
  const { stderr } = streams;
  const progress = options.quiet ? SILENT : createProgress(stderr);
  const notice = (text: string) => {
    if (!options.quiet) printLine(stderr, `lowrank: ${text}`);
  };
  const interrupts = listenForInterrupts(() => progress.end());
  try {
    await runGenerate(options, streams, { progress, notice, signal: interrupts.signal });
    // What there is was written; the exit code tells of the interrupt.
    interrupts.signal.throwIfAborted();
  } finally {
    interrupts.stop();
  }
}
