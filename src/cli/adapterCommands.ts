/** `lowrank inspect` and `merge`, and `eval` of a DigitsNet: what one does with the files of a model and an adapter. */
import { basename, dirname } from 'node:path';
import type { Command } from 'commander';
import { printable } from '../base/printable.js';
import {
  type Backend,
  type Evaluation,
  evaluate,
  type Layer,
  mergeAndUnload,
  serializeModel,
  withAdapterDisabled,
} from '../core.js';
import { loadAdapter } from '../index.js';
import { loadMnist } from '../mnist/index.js';
import { withDirectory } from '../node/inUse.js';
import { tensorsOf } from '../node/missingFiles.js';
import { mnistFiles, writeFileAtomic } from '../node.js';
import { integer, percent, signed } from './format.js';
import { inspectFile } from './inspect.js';
import { ensureWritableFile } from './json.js';
import { readDigitsNet } from './modelFiles.js';
import { DEFAULTS, DEVICES, parseDeviceOptions } from './options.js';
import { print } from './output.js';
import { openDevice } from './prepare.js';
import { groupedTable } from './table.js';
import { path } from './values.js';

/** Until a directory that another command writes to is free. */
const WAIT_MS = 2000;
/** Characters of a note, which may list names. */
const MAX_NOTE = 900;

interface RawFiles {
  readonly base: string;
  readonly adapter?: string | undefined;
  readonly device: string;
  readonly threads: string;
}

interface RawMergeOptions extends RawFiles {
  readonly out: string;
}

interface RawEvalOptions extends RawFiles {
  readonly data?: string;
}

export function addAdapterCommands(program: Command, stdout: NodeJS.WriteStream): void {
  program
    .command('inspect')
    .description('show what an adapter or a model consists of: config, tensors, ranks, norms, size')
    .argument('<path>', 'directory of an adapter, or a safetensors file')
    .action(async (given: string) => {
      print(stdout, await inspectFile(await tensorsOf(path('inspect', given))));
    });
  program
    .command('merge')
    .description("add an adapter to a DigitsNet's weights and save the model")
    .requiredOption('--base <file>', 'the model, as lowrank mnist saves it: base.safetensors')
    .option('--device <name>', DEVICES.join(', '), DEFAULTS.device)
    .option('--threads <n>', 'of wasm, 1 to 64, or auto', DEFAULTS.threads)
    .requiredOption('--adapter <dir>', 'directory of an adapter')
    .requiredOption('--out <file>', 'where the merged model goes')
    .action(async (raw: RawMergeOptions) => {
      print(stdout, await mergeFiles(raw));
    });
}

/**
 * Opens device and model, with the adapter when there is one, for as long as `body` takes.
 * @returns the notes of the adapter, and what `body` has to say
 */
async function withFiles(
  raw: RawFiles,
  body: (device: Backend, model: Layer) => Promise<string>,
): Promise<string> {
  const { device } = await openDevice(parseDeviceOptions(raw));
  try {
    const model = await readDigitsNet(device, path('--base', raw.base));
    const adapter =
      raw.adapter === undefined ? undefined : await loadAdapter(model, path('--adapter', raw.adapter));
    const notes = (adapter?.notes ?? []).map((note) => `note: ${printable(note, MAX_NOTE)}\n`);
    return notes.join('') + (await body(device, model.eval()));
  } finally {
    device.dispose();
  }
}

/** The wrong answers of a DigitsNet on MNIST, as a table. */
export function evaluateDigitsNet(raw: RawEvalOptions): Promise<string> {
  return withFiles(raw, async (device, model) => {
    const { train, test } = await loadMnist(device, await mnistFiles(raw.data));
    train.dispose();
    const all = await evaluate(model, test);
    const base =
      raw.adapter === undefined ? all : await withAdapterDisabled(model, () => evaluate(model, test));
    return `${scores(test.classCounts, base, raw.adapter === undefined ? undefined : all)}\n`;
  });
}

function scores(images: readonly number[], base: Evaluation, adapted: Evaluation | undefined): string {
  const sum = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0);
  const row = (label: string, of: (counts: readonly number[]) => number) => {
    const cells = [label, integer(of(images)), integer(of(base.wrong))];
    if (adapted) cells.push(integer(of(adapted.wrong)), signed(of(adapted.wrong) - of(base.wrong)));
    return cells;
  };
  const accuracy = ['accuracy', '', percent(base.accuracy)];
  if (adapted) accuracy.push(percent(adapted.accuracy), signed(100 * (adapted.accuracy - base.accuracy), 2));
  const heading = ['wrong', 'images', 'base', ...(adapted ? ['adapted', 'change'] : [])];
  return groupedTable([
    [heading],
    images.map((_, digit) => row(`${digit}`, (counts) => counts[digit])),
    [row('all', sum), accuracy],
  ]);
}

function mergeFiles(raw: RawMergeOptions): Promise<string> {
  return withFiles(raw, async (_, model) => {
    const out = await ensureWritableFile(path('--out', raw.out));
    // Not into the files of a run; other commands like this one are done in a moment.
    const alone = <T>(body: () => Promise<T>) =>
      withDirectory(dirname(out), { kind: 'run', waitMs: WAIT_MS }, body);
    await alone(async () => undefined);
    const { difference, layer } = await mergeAndUnload(model);
    const bytes = serializeModel(await model.stateDict());
    await alone(() => writeFileAtomic(out, bytes));
    const where = layer === undefined ? '' : ` (${layer})`;
    return `${printable(raw.out)}: ${integer(bytes.length)} bytes; outputs differ by at most ${difference.toExponential(1)} of the largest${where}, of ${printable(basename(raw.base))} with the adapter\n`;
  });
}
