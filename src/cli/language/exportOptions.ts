/** The options of `lowrank export`, read strictly. It touches no file and no device. */
import { join } from 'node:path';
import type { GgufFloat } from '../../models/exportTypes.js';
import { WEIGHTS, type WeightsOption } from '../../models/weights.js';
import { UsageError } from '../errors.js';
import { type DeviceOptions, parseDeviceOptions } from '../options.js';
import { broken, oneOf, path } from '../values.js';
import { type AdapterAt, adapterAt } from './adapters.js';
import { type ModelOption, parseModelOption, type RawModelOption } from './modelOption.js';

/** Options as commander passes them: every value is still text. */
export interface RawExportOptions extends RawModelOption {
  readonly adapter: readonly string[];
  readonly to: string;
  readonly out?: string;
  readonly type?: string;
  readonly baseName?: string;
  readonly overwrite?: boolean;
  readonly weights: string;
  readonly device: string;
  readonly threads: string;
  readonly json?: string;
  readonly quiet?: boolean;
}

/** `gguf` and `peft` are only the adapter, `folder` and `model` (a GGUF file) the base with the adapters merged. */
export type ExportForm = 'gguf' | 'peft' | 'folder' | 'model';

export interface ExportCommand extends DeviceOptions, ModelOption {
  readonly adapters: readonly AdapterAt[];
  readonly form: ExportForm;
  readonly out: string;
  readonly type: GgufFloat;
  /** The value of `base_model_name_or_path`; undefined: what the base's files state. */
  readonly baseName: string | undefined;
  readonly overwrite: boolean;
  readonly weights: WeightsOption;
  /** `-` is standard output. */
  readonly json: string | undefined;
  readonly quiet: boolean;
}

export const EXPORT_TARGETS = ['gguf', 'merged', 'peft'] as const;

export const EXPORT_DEFAULTS = { weights: 'keep', device: 'auto', threads: 'auto' } as const;

const TYPES: Readonly<Record<string, GgufFloat>> = { f32: 'F32', f16: 'F16', bf16: 'BF16', q8_0: 'Q8_0' };

interface Form {
  readonly name: string;
  readonly types: readonly string[];
  /** The default place of the output, beside the adapter. */
  readonly out: string;
}

/** The first type is the default. */
const FORMS: Readonly<Record<ExportForm, Form>> = {
  gguf: { name: '--to gguf', types: ['f32', 'f16', 'bf16', 'q8_0'], out: 'adapter.gguf' },
  peft: { name: '--to peft', types: ['f32', 'f16', 'bf16'], out: 'peft' },
  folder: { name: '--to merged', types: ['f32', 'f16', 'bf16'], out: 'merged' },
  model: { name: '--to merged into a .gguf', types: ['f16', 'q8_0', 'bf16', 'f32'], out: 'merged.gguf' },
};

/** @throws UsageError for the first value that is not what its option takes */
export function parseExportOptions(raw: RawExportOptions): ExportCommand {
  const adapters = raw.adapter.map(adapterAt);
  const to = oneOf('--to', raw.to, EXPORT_TARGETS);
  const form = formOf(to, raw.out);
  if (to !== 'merged' && adapters.length > 1)
    throw new UsageError(
      `--adapter: --to ${to} writes one adapter, and ${adapters.length} are given: --to merged takes several`,
    );
  if (raw.baseName !== undefined && to !== 'peft')
    throw broken('--base-name', 'is for --to peft, whose config names the base', raw.baseName);
  return {
    ...parseDeviceOptions(raw),
    ...parseModelOption(raw),
    adapters,
    form,
    out: raw.out ?? join(adapters[0].directory, FORMS[form].out),
    type: typeOf(form, raw.type),
    baseName: raw.baseName === undefined ? undefined : path('--base-name', raw.baseName),
    overwrite: raw.overwrite ?? false,
    weights: oneOf('--weights', raw.weights, WEIGHTS),
    json: raw.json === undefined ? undefined : path('--json', raw.json),
    quiet: raw.quiet ?? false,
  };
}

function formOf(to: (typeof EXPORT_TARGETS)[number], out: string | undefined): ExportForm {
  if (out !== undefined) path('--out', out);
  const isGguf = out?.endsWith('.gguf') ?? to === 'gguf';
  if (to === 'merged') return isGguf ? 'model' : 'folder';
  if (to === 'gguf' && !isGguf) throw broken('--out', 'must end with .gguf for --to gguf', out ?? '');
  if (to === 'peft' && isGguf) throw broken('--out', 'must be a directory for --to peft', out ?? '');
  return to;
}

function typeOf(form: ExportForm, text: string | undefined): GgufFloat {
  const { name, types } = FORMS[form];
  const chosen = text ?? types[0];
  if (types.includes(chosen)) return TYPES[chosen];
  throw broken('--type', `must be one of ${types.join(', ')} for ${name}`, chosen);
}
