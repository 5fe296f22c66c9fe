/** Runs `lowrank export`, from the files to what is written and how to load it. */
import { stat } from 'node:fs/promises';
import { isPackedType } from '../../backends/elementTypes.js';
import type { LlamaForCausalLM } from '../../models/llama.js';
import { writeFileAtomic } from '../../node.js';
import { ensureWritableFile, jsonText } from '../json.js';
import { modelPath } from '../modelPath.js';
import { print } from '../output.js';
import { openDevice } from '../prepare.js';
import type { Streams } from '../streams.js';
import { addAdapters } from './adapters.js';
import { writeForm } from './exportForms.js';
import type { ExportCommand } from './exportOptions.js';
import { checkApart, checkFree } from './exportPlace.js';
import { type ExportedBase, type ExportSummary, exportText } from './exportText.js';
import type { BasePlace } from './loadingText.js';
import { loadModel } from './loadModel.js';
import { promptFormat } from './promptFormat.js';
import type { RunReporting } from './reporting.js';

/**
 * Loads base and adapters, writes the form that was asked for, and says how to load it.
 * @throws UsageError for an output that is an input, DataError for one that exists, for files that are not what they claim,
 *   and for what the form does not hold; nothing is written then
 */
export async function runExport(
  options: ExportCommand,
  { stdout, stderr }: Streams,
  reporting: RunReporting,
): Promise<void> {
  const { json, quiet } = options;
  const toFile = json !== undefined && json !== '-' ? await ensureWritableFile(json) : undefined;
  await checkFree(options);
  const { base, summary } = await exported(options, reporting);
  if (json === '-') stdout.write(jsonText(summary));
  if (toFile !== undefined) await writeFileAtomic(toFile, new TextEncoder().encode(jsonText(summary)));
  if (json !== '-' || !quiet) print(json === '-' ? stderr : stdout, exportText(options, base, summary));
}

async function exported(
  options: ExportCommand,
  reporting: RunReporting,
): Promise<{ base: ExportedBase; summary: ExportSummary }> {
  const { progress, notice, signal } = reporting;
  const { device } = await openDevice(options);
  try {
    const path = await modelPath(options, progress, signal);
    await checkApart(options, path);
    const base: BasePlace = { kind: (await stat(path)).isDirectory() ? 'folder' : 'gguf', path };
    const how = { weights: options.weights, precision: 'exact' } as const;
    const { model, tokenizer } = await loadModel(device, path, how, reporting);
    await addAdapters(model, options.adapters, { path, notice });
    signal.throwIfAborted();
    const written = await writeForm(model, base, options, reporting);
    const said = [...written.notes, ...quantisedNote(model, options)];
    for (const note of said) notice(`note: ${note}`);
    return {
      base: { ...base, format: promptFormat(tokenizer) },
      summary: await summaryOf(options, { ...written, notes: said }),
    };
  } finally {
    device.dispose();
  }
}

/** Notes for a quantised base: what differs from the training of the adapter. */
function quantisedNote(model: LlamaForCausalLM, { form }: ExportCommand): string[] {
  const isQuantised = model.parameters().some(({ dtype }) => isPackedType(dtype));
  if (!isQuantised || form === 'gguf') return [];
  if (form === 'peft')
    return [
      'the base is quantised: over the weights that it was made of, answers of this adapter may differ a little',
    ];
  return [
    'the base is quantised: the adapter by itself (--to gguf) over that file is what was trained; the merged ' +
      'model is larger, and rounding it to few bits again loses much of what was learned',
  ];
}

async function summaryOf(
  { form, out, type, adapters }: ExportCommand,
  { files, notes, rounding }: Awaited<ReturnType<typeof writeForm>>,
): Promise<ExportSummary> {
  const sized = [];
  for (const path of files) sized.push({ path, bytes: (await stat(path)).size });
  const { difference = 0, tensor } = rounding ?? {};
  return {
    to: form === 'gguf' || form === 'peft' ? form : 'merged',
    ...{ out, type: type.toLowerCase(), bytes: sized.reduce((sum, { bytes }) => sum + bytes, 0) },
    ...{ files: sized, adapters },
    rounding: tensor === undefined ? null : { difference, tensor },
    notes,
  };
}
