/** The settings of a training run as YAML, by the names of the options: what `--config` reads back. */
import type { Command } from 'commander';
import { parseDocument, stringify } from 'yaml';
import { printable } from '../../base/printable.js';
import { DataError } from '../../core.js';
import { readFileBytes } from '../../node.js';
import type { RawTrainOptions } from './trainOptions.js';

/** Options that control a single call, not what is trained. */
const NOT_SETTINGS: readonly string[] = [
  'config',
  'resume',
  'overwrite',
  'dryRun',
  'json',
  'quiet',
  'download',
  'help',
];

/** Options whose values stay texts even when they look like numbers: a folder may be called 007. */
const TEXTS: readonly string[] = ['model', 'data', 'out', 'system', 'keep', 'adapter', 'targets'];

/** Options that define a new adapter; an existing adapter has its own values. */
const OF_NEW_ADAPTERS: readonly (keyof RawTrainOptions)[] = [
  'rank',
  'alpha',
  'dropout',
  'targets',
  'layers',
  'dora',
  'rslora',
  'init',
];

/** Options of a file that an option of the command line overrides, besides the one of the same name. */
const OUT_OF_FORCE: Readonly<Partial<Record<keyof RawTrainOptions, readonly (keyof RawTrainOptions)[]>>> = {
  batchSize: ['batchTokens'],
  batchTokens: ['batchSize'],
  epochs: ['iterations'],
  adapter: OF_NEW_ADAPTERS,
};

const MAX_BYTES = 1_000_000;

type Settings = Readonly<Record<string, string | boolean>>;

/** All options of a run by their long names without the dashes, those with defaults too; with `--adapter`, without what its file says. */
export function settingsOf(raw: RawTrainOptions, command: Command): Settings {
  const settings: Record<string, string | boolean> = {};
  for (const option of optionsOf(command)) {
    const name = option.attributeName() as keyof RawTrainOptions;
    if (raw.adapter !== undefined && OF_NEW_ADAPTERS.includes(name)) continue;
    const value: unknown = raw[name];
    if (typeof value === 'string') settings[nameOf(option)] = value;
    // A switch of `--no-…` is true where it is not given.
    else if (typeof value === 'boolean' && value !== option.negate) settings[nameOf(option)] = true;
  }
  return settings;
}

/** The settings as YAML, with numbers as numbers. */
export function settingsText(settings: Settings): string {
  const plain = Object.entries(settings).map(([name, value]) => {
    const isNumber =
      typeof value === 'string' && !TEXTS.includes(name) && /^\d+(\.\d+)?(e-?\d+)?$/.test(value);
    return [name, isNumber ? Number(value) : value] as const;
  });
  return stringify(Object.fromEntries(plain));
}

/**
 * The options in a settings file, by the names that the command has for them.
 * @throws DataError for a file that is not a YAML mapping, a name that is not an option, or an invalid value
 */
export async function readSettings(file: string, command: Command): Promise<Partial<RawTrainOptions>> {
  const bytes = await readFileBytes(file);
  if (bytes.length > MAX_BYTES)
    throw new DataError(`${file}: must have at most ${MAX_BYTES} bytes: ${bytes.length}`);
  const document = parseDocument(new TextDecoder().decode(bytes));
  const [wrong] = document.errors;
  if (wrong) throw new DataError(`${file}: is not YAML: ${wrong.message.split('\n')[0].replace(/:$/, '')}`);
  const content = contentOf(document, file);
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    throw new DataError(`${file}: must be a mapping of option names to values, such as rank: 8`);
  const byName = new Map(optionsOf(command).map((option) => [nameOf(option), option]));
  const found: Record<string, string | boolean> = {};
  for (const [name, value] of Object.entries(content)) {
    const option = byName.get(name.replace(/^--/, ''));
    if (!option) throw new DataError(`${file}: there is no setting ${printable(JSON.stringify(name), 80)}`);
    found[option.attributeName()] = settingOf(`${file}: ${name}`, value, option);
  }
  return found;
}

/** @throws DataError for aliases, which could make a small file large */
function contentOf(document: ReturnType<typeof parseDocument>, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch (error) {
    throw new DataError(`${file}: must have no aliases, such as *name`, { cause: error });
  }
}

/**
 * The options of a file that remain in force beside those of the command line, which take precedence.
 * @param isGiven  whether an option stands on the command line
 */
export function settingsInForce(
  fromFile: Partial<RawTrainOptions>,
  isGiven: (name: string) => boolean,
): Partial<RawTrainOptions> {
  const out = Object.entries(OUT_OF_FORCE).flatMap(([name, others]) => (isGiven(name) ? others : []));
  const kept = Object.entries(fromFile).filter(
    ([name]) => !isGiven(name) && !out.some((each) => each === name),
  );
  return Object.fromEntries(kept);
}

function settingOf(where: string, value: unknown, option: Command['options'][number]): string | boolean {
  const isSwitch = option.isBoolean() || option.negate;
  if (isSwitch && typeof value === 'boolean') return option.negate ? !value : value;
  if (isSwitch) throw new DataError(`${where}: must be true or false: ${printable(String(value), 80)}`);
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  throw new DataError(`${where}: must be a text or a number: ${printable(JSON.stringify(value), 80)}`);
}

function optionsOf(command: Command): Command['options'][number][] {
  return command.options.filter((option) => !NOT_SETTINGS.includes(option.attributeName()));
}

/** `learning-rate` of `--learning-rate <x>` */
function nameOf({ long }: Command['options'][number]): string {
  return (long ?? '').replace(/^--/, '');
}
