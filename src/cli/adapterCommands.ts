/** `lowrank inspect` and `merge`, and `eval` of a DigitsNet: the commands for the files of a model and an adapter. */
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
import { mnistFiles, writeFileAtomic } from '../node.js';
import { UsageError } from './errors.js';
import { integer, percent, signed } from './format.js';
import { ensureWritableFile, jsonText } from './json.js';
import { exportAdapter } from './language/exportCommand.js';
import { EXPORT_DEFAULTS } from './language/exportOptions.js';
import { inspectPath } from './language/inspectPath.js';
import { readDigitsNet } from './modelFiles.js';
import { DEFAULTS, DEVICES, parseDeviceOptions } from './options.js';
import { print } from './output.js';
import { openDevice } from './prepare.js';
import type { Streams } from './streams.js';
import { groupedTable } from './table.js';
import { path } from './values.js';

/** How long to wait until a directory that another command writes to is free. */
const WAIT_MS = 2000;
/** Maximum characters of a note, which may list names. */
const MAX_NOTE = 900;

interface RawFiles {
  readonly base: string;
  readonly adapter?: string | undefined;
  readonly device: string;
  readonly threads: string;
}

interface RawEvalOptions extends RawFiles {
  readonly data?: string;
}

export function addAdapterCommands(program: Command, streams: Streams): void {
  program
    .command('inspect')
    .description(
      'show what an adapter or a model consists of: config, tokenizer, tensors, ranks, norms, size',
    )
    .argument(
      '<path>',
      'directory of an adapter or a model, a safetensors file, a GGUF file, or the id of a model in the Hugging Face cache',
    )
    .option('--json <file>', 'write the same as JSON; - is standard output, which then holds nothing else')
    .action((given: string, { json }: { readonly json?: string }) => inspect(given, json, streams));
  addMerge(program, streams);
}

/** Merges into a DigitsNet, or into a language model as `lowrank export --to merged` does. */
function addMerge(program: Command, streams: Streams): void {
  program
    .command('merge')
    .description("add an adapter to a model's weights and save the model")
    .option('--base <file>', 'a DigitsNet saved by lowrank mnist (base.safetensors)')
    .option('--model <path>', 'a language model, as in lowrank export --to merged')
    .requiredOption('--adapter <dir>', 'directory of an adapter; with --model also DIR@SCALE')
    .requiredOption('--out <path>', 'where to write the merged model')
    .option('--type <type>', 'with --model: element type, as in lowrank export')
    .option('--overwrite', 'with --model: replace what --out holds')
    .option('--device <name>', DEVICES.join(', '), DEFAULTS.device)
    .option('--threads <n>', 'WebAssembly threads, 1 to 64, or auto', DEFAULTS.threads)
    .action((raw: RawMergeOptions) => mergeEither(raw, streams));
}

interface RawMergeOptions extends Omit<RawFiles, 'base' | 'adapter'> {
  readonly base?: string;
  readonly out: string;
  readonly model?: string;
  readonly adapter: string;
  readonly type?: string;
  readonly overwrite?: boolean;
}

async function mergeEither(raw: RawMergeOptions, streams: Streams): Promise<void> {
  const { base, model, adapter, type, overwrite } = raw;
  if ((base === undefined) === (model === undefined))
    throw new UsageError('merge: give either --base, a DigitsNet, or --model, a language model');
  if (model !== undefined) {
    const { weights } = EXPORT_DEFAULTS;
    await exportAdapter({ ...raw, model, adapter: [adapter], to: 'merged', weights }, streams);
    return;
  }
  if (type !== undefined || overwrite)
    throw new UsageError(`merge: --${type === undefined ? 'overwrite' : 'type'} is for --model`);
  print(streams.stdout, await mergeFiles({ ...raw, base: base ?? '' }));
}

async function inspect(given: string, json: string | undefined, { stdout }: Streams): Promise<void> {
  const file = json === undefined ? undefined : path('--json', json);
  const toFile = file !== undefined && file !== '-' ? await ensureWritableFile(file) : undefined;
  const found = await inspectPath(path('inspect', given));
  if (toFile !== undefined) await writeFileAtomic(toFile, new TextEncoder().encode(jsonText(found.json)));
  if (file === '-') stdout.write(jsonText(found.json));
  else print(stdout, found.text);
}

/**
 * Opens device and model, with the adapter when there is one, for as long as `body` takes.
 * @returns the notes of the adapter, and the text that `body` returns
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

function mergeFiles(raw: RawFiles & { readonly out: string }): Promise<string> {
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
