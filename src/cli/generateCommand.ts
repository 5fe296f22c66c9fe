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
import { GENERATE_DESCRIPTION, GENERATE_EXAMPLES, GENERATE_SUMMARY, THREADS } from './help.js';
import { listenForInterrupts } from './interrupt.js';
import { printLine } from './output.js';
import { createProgress, SILENT } from './progress.js';
import { type Streams, withDefault } from './streams.js';

const list = (value: string, before: readonly string[]) => [...before, value];

export function generateCommand(streams: Streams): Command {
  const { maxTokens, temperature, topK, topP, minP, repetitionPenalty, seed } = GENERATE_DEFAULTS;
  return new Command('generate')
    .summary(GENERATE_SUMMARY)
    .description(GENERATE_DESCRIPTION)
    .requiredOption('--model <path>', 'a GGUF file, a folder, a wheel or an address; see below')
    .requiredOption('--prompt <text>', 'what the model goes on from; - is standard input')
    .option('--chat', "make a message of the prompt, with the model's chat template")
    .option('--system <text>', 'with --chat: what the model is told before')
    .option('--allow-special', 'take special tokens in the prompt as what they stand for')
    .option('--adapter <dir[@scale]>', 'a LoRA adapter, and how much of it; may be given again', list, [])
    .optionsGroup('Sampling:')
    .addOption(withDefault('--max-tokens <n>', 'the longest text', maxTokens))
    .addOption(withDefault('--temperature <x>', '0 takes the most likely token each time', temperature))
    .addOption(withDefault('--top-k <n>', 'only the k most likely tokens; 0: all', topK))
    .addOption(withDefault('--top-p <x>', 'only the most likely ones that make up p', topP))
    .addOption(withDefault('--min-p <x>', 'only those at least p times the likeliest', minP))
    .addOption(withDefault('--repetition-penalty <x>', 'of tokens that are there already', repetitionPenalty))
    .addOption(withDefault('--seed <n>', 'of the draws', seed))
    .option('--stop <text>', 'a text that ends it; may be given again', list, [])
    .optionsGroup('Computing:')
    .addOption(withDefault('--weights <type>', WEIGHTS.join(', '), GENERATE_DEFAULTS.weights))
    .addOption(withDefault('--precision <name>', PRECISIONS.join(', '), GENERATE_DEFAULTS.precision))
    .addOption(withDefault('--device <name>', DEVICES.join(', '), GENERATE_DEFAULTS.device))
    .addOption(withDefault('--threads <n>', THREADS, GENERATE_DEFAULTS.threads))
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
