/** The forms of an export: each writes its files with the library, and says what it wrote. */
import { basename, join, resolve } from 'node:path';
import { DataError, renameAdapter, saveAdapter } from '../../core.js';
import { ADAPTER_FILES } from '../../lora/adapterFile.js';
import { exportAdapterGguf } from '../../models/exportAdapterGguf.js';
import { exportMerged } from '../../models/exportMerged.js';
import type { LlamaForCausalLM } from '../../models/llama.js';
import type { FloatType } from '../../safetensors/floats.js';
import { shown } from '../modelPath.js';
import { repositoryOf } from './baseName.js';
import type { ExportCommand } from './exportOptions.js';
import type { BasePlace } from './loadingText.js';
import type { RunReporting } from './reporting.js';

export interface Written {
  /** Paths of the written files. */
  readonly files: readonly string[];
  readonly notes: readonly string[];
  /** The change from rounding the merged weights; undefined for an adapter. */
  readonly rounding?: { readonly difference: number; readonly tensor: string | undefined };
}

/** @throws DataError for what the form does not hold, by name, and where the files cannot be written */
export async function writeForm(
  model: LlamaForCausalLM,
  base: BasePlace,
  options: ExportCommand,
  reporting: RunReporting,
): Promise<Written> {
  try {
    if (options.form === 'gguf') return await writeGguf(model, options);
    if (options.form === 'peft') return await writePeft(model, base, options);
    return await writeMerged(model, options, reporting);
  } catch (error) {
    // Work that an interrupt stopped is reported as interrupted.
    reporting.signal.throwIfAborted();
    if (!(error instanceof RangeError)) throw error;
    throw new DataError(inWordsOfCommand(error.message), { cause: error });
  }
}

/** A message of the library, which names its own calls, in the words of the command line. */
function inWordsOfCommand(message: string): string {
  return message
    .replace(/^(exportAdapterGguf|exportMerged|saveAdapter): /, '')
    .replace('use exportMerged, or saveAdapter for PEFT', 'use --to merged, or --to peft')
    .replace('use format gguf', 'use --out with a name that ends with .gguf')
    .replace('use format safetensors', 'use --out with the name of a folder');
}

async function writeGguf(model: LlamaForCausalLM, { adapters, out, type }: ExportCommand): Promise<Written> {
  const [{ directory, scale }] = adapters;
  const name = basename(resolve(directory)).replace(/[^\w-]+/g, '-');
  // The name in the file; `adapter1` would say nothing.
  if (/^[\w-]+$/.test(name) && name !== 'adapter1') renameAdapter(model, 'adapter1', name);
  await exportAdapterGguf(model, out, { dtype: type, scale });
  return { files: [out], notes: [] };
}

async function writePeft(model: LlamaForCausalLM, base: BasePlace, options: ExportCommand): Promise<Written> {
  const { adapters, out, type, baseName } = options;
  const baseModel = baseName ?? (await repositoryOf(base)) ?? base.path;
  const settings = { baseModel, taskType: 'CAUSAL_LM', scale: adapters[0].scale } as const;
  await saveAdapter(model, out, { dtype: type as FloatType, ...settings });
  const note = `the config names ${baseModel} as its base`;
  const hint = baseModel.endsWith('.gguf')
    ? `${note}, which AutoPeftModel does not load: --base-name names a repository or a folder`
    : note;
  return { files: ADAPTER_FILES.map((name) => join(out, name)), notes: [hint] };
}

async function writeMerged(
  model: LlamaForCausalLM,
  { form, out, type }: ExportCommand,
  { progress, signal }: RunReporting,
): Promise<Written> {
  const format = form === 'folder' ? 'safetensors' : 'gguf';
  const report = await shown('write', progress, (onBytes) =>
    exportMerged(model, out, { format, dtype: type, onBytes, signal }),
  );
  const { files, notes, difference, tensor } = report;
  const paths = format === 'gguf' ? [out] : files.map((name) => join(out, name));
  return { files: paths, notes, rounding: { difference, tensor } };
}
