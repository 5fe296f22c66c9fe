/** `lowrank train` on the command line. */
import { Command } from 'commander';
import { UsageError } from '../errors.js';
import { type Streams, withDefault } from '../streams.js';
import { addComputingOptions } from './computingOptions.js';
import { addExampleOptions } from './exampleOptions.js';
import { withReporting } from './reporting.js';
import { TRAIN_DESCRIPTION, TRAIN_EXAMPLES, TRAIN_SUMMARY } from './trainHelp.js';
import {
  CHECKPOINT,
  INITS,
  parseTrainOptions,
  type RawTrainOptions,
  SCHEDULES,
  TRAIN_DEFAULTS,
} from './trainOptions.js';
import { runTrain } from './trainRun.js';
import { readSettings, settingsInForce, settingsOf } from './trainSettings.js';

const D = TRAIN_DEFAULTS;

export function trainCommand(streams: Streams): Command {
  const command = new Command('train')
    .summary(TRAIN_SUMMARY)
    .description(TRAIN_DESCRIPTION)
    .option('--model <path|id>', 'a GGUF file, a folder, an id, a wheel or an address; see below')
    .option('--download', 'download a model given by its id that is in no cache')
    .option('--data <path>', 'a file of examples, or a folder; see below')
    .addOption(withDefault('--out <dir>', 'the folder of the run, which is also the adapter', D.out))
    .option(
      '--config <file>',
      "options from a YAML file, such as a run's settings.yaml; options given here override it",
    )
    .option('--resume', 'continue where a run into the same --out was stopped or killed')
    .option('--overwrite', 'replace the run in --out')
    .option('--dry-run', 'show what would be trained and how much memory it needs, and stop');
  addDataOptions(command);
  addAdapterOptions(command);
  addCourseOptions(command);
  addOutputOptions(command);
  return command
    .addHelpText('after', TRAIN_EXAMPLES)
    .action((raw: RawTrainOptions) => train(raw, command, streams));
}

function addDataOptions(command: Command): void {
  addExampleOptions(command, 'that are trained')
    .option('--no-validate', 'hold nothing out when there is no validation file')
    .addOption(
      withDefault('--keep <file>', 'examples that must not get worse, general (built in) or none', D.keep),
    )
    .addOption(withDefault('--replay <x>', 'share of those among the training examples', D.replay));
}

function addAdapterOptions(command: Command): void {
  command
    .optionsGroup('Adapter:')
    .option('--adapter <dir>', 'continue from this adapter (uses its rank, alpha, targets and kind)')
    .addOption(withDefault('--rank <n>', 'rank of the update', D.rank))
    .addOption(withDefault('--alpha <x>', 'the update is scaled by alpha/rank', D.alpha))
    .addOption(
      withDefault('--dropout <x>', 'probability that an input of A is left out in training', D.dropout),
    )
    .addOption(
      withDefault('--targets <list>', 'modules to adapt, such as q,v or q_proj,down_proj', D.targets),
    )
    .option('--layers <n>', 'adapt the last n blocks only')
    .option('--dora', 'train the magnitude of each weight row separately (DoRA)')
    .option('--rslora', 'scale by alpha/√rank instead (rsLoRA)')
    .addOption(withDefault('--init <name>', `initialization: ${INITS.join(', ')}, pissa_niter_N`, D.init))
    .option('--lora-plus <ratio>', "learning rate of B as a multiple of A's (LoRA+)");
}

function addCourseOptions(command: Command): void {
  command
    .optionsGroup('Training:')
    .addOption(withDefault('--epochs <n>', 'passes over the training examples', D.epochs))
    .option('--iterations <n>', 'steps; overrides --epochs')
    .option('--batch-tokens <n>', 'trained tokens per step; 0: each row is a step (default: up to 1024)')
    .option('--batch-size <n>', 'instead: examples per step')
    .addOption(withDefault('--learning-rate <x>', "AdamW's", D.learningRate))
    .addOption(withDefault('--schedule <name>', SCHEDULES.join(', '), D.schedule))
    .option('--warmup <x>', 'steps in which the learning rate rises, or their share (default: 0.1)')
    .addOption(withDefault('--clip <x>', 'maximum norm of the gradient; 0: not clipped', D.clip))
    .addOption(withDefault('--weight-decay <x>', "AdamW's", D.weightDecay))
    .option('--no-shuffle', 'use the examples in the order of the file')
    .option('--no-pack', 'one example per row')
    .option('--validate-every <n>', 'steps between two validations (default: six in a run)')
    .option('--patience <n>', 'stop after this many validations without a better one')
    .option('--save-every <n>', 'steps between two checkpoints for --resume (default: 10)')
    .addOption(
      withDefault('--seed <n>', 'random seed: initialization, order, dropout, held-out share', D.seed),
    );
}

function addOutputOptions(command: Command): void {
  const again = `compute blocks again instead of keeping them: ${CHECKPOINT.join(', ')}`;
  addComputingOptions(command)
    .addOption(withDefault('--checkpoint <when>', again, D.checkpoint))
    .option('--memory <size>', 'memory limit of the device, such as 2GB')
    .optionsGroup('Output:')
    .option('--json <file>', 'write the results as JSON; - is standard output')
    .option('--quiet', 'no progress and no notices on standard error');
}

async function train(given: RawTrainOptions, command: Command, streams: Streams): Promise<void> {
  const isGiven = (name: string) => command.getOptionValueSource(name) === 'cli';
  const fromFile = given.config === undefined ? {} : await readSettings(given.config, command);
  const kept = settingsInForce(fromFile, isGiven);
  const raw: RawTrainOptions = { ...given, ...kept };
  const options = parseTrainOptions(raw);
  const named = (name: string) => isGiven(name) || name in kept;
  if (options.resume && options.dryRun)
    throw new UsageError('--dry-run: cannot be given with --resume, which trains');
  const settings = settingsOf(raw, command);
  await withReporting(options.quiet, streams, (reporting) =>
    runTrain({ options, settings, isGiven: named }, streams, reporting),
  );
}
