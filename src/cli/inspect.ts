/** The contents of a safetensors file and of the adapter config beside it. */
import { dirname, join } from 'node:path';
import { printable } from '../base/printable.js';
import { toFloat32 } from '../core.js';
import type { ByteSource } from '../files/byteSource.js';
import { parseConfig } from '../lora/peftConfig.js';
import { PythonPattern } from '../lora/pythonPattern.js';
import { fileSource } from '../node/fileSource.js';
import { exists } from '../node/files.js';
import { readFileBytes } from '../node.js';
import { parseSafetensorsHeader, safetensorsHeaderLength, type TensorPlace } from '../safetensors/places.js';
import { integer } from './format.js';
import { modulesOf, modulesTable } from './language/adapterModules.js';
import { type InspectedTensor, tensorsTable } from './tensorsTable.js';

/** Maximum characters of a name, and of a line. */
const MAX_NAME = 120;
const MAX_LINE = 500;

const CONFIG = 'adapter_config.json';
const FLOATS = ['F32', 'F16', 'BF16'];

/** Bytes of values in memory at a time, a multiple of every element size. */
const PART_BYTES = 2 ** 24;

/** The result of `lowrank inspect`. */
export interface Inspection {
  /** Lines, with a newline at the end of each. */
  readonly text: string;
  /** The same information for programs. */
  readonly json: object;
}

/** Config, tensors with their norms, and sizes. @throws DataError for a file that is not what it claims */
export async function inspectFile(file: string): Promise<Inspection> {
  const parts = await fileSource(file);
  const beginning = await parts.read(0, Math.min(8, parts.length));
  const headerLength = Math.max(4096, safetensorsHeaderLength(beginning));
  const start = await parts.read(0, Math.min(headerLength, parts.length));
  const { places, metadata } = parseSafetensorsHeader(start, parts.length, file);
  const tensors: InspectedTensor[] = [];
  let [numbers, ranks] = [0, new Set<number>()];
  for (const [name, place] of places) {
    const { dtype, shape } = place;
    numbers += shape.reduce((a, b) => a * b, 1);
    if (/lora_(embedding_)?A(\.weight)?$/.test(name)) ranks = ranks.add(shape[0]);
    const norm = FLOATS.includes(dtype) ? await lengthOf(parts, place, name) : undefined;
    tensors.push({ name, type: dtype, shape, norm });
  }
  const config = await adapterConfig(dirname(file));
  const modules = modulesOf(tensors);
  const lines = [...configLines(config, dirname(file)), ...modulesTable(modules)];
  if (tensors.length > 0) lines.push(tensorsTable(tensors));
  const rank = ranks.size > 0 ? `, rank ${[...ranks].sort((a, b) => a - b).join(', ')}` : '';
  const size = `${integer(parts.length)} bytes in ${printable(file, MAX_LINE)}`;
  lines.push(`${places.size} tensors, ${integer(numbers)} numbers${rank}; ${size}`);
  const notes = Object.entries(metadata).map(([key, value]) => printable(`${key}: ${value}`, MAX_NAME));
  if (notes.length > 0) lines.push(`metadata ${notes.join(', ')}`);
  const json = {
    ...{ kind: config ? 'adapter' : 'safetensors', file, bytes: parts.length, numbers },
    ...{ config: Object.fromEntries(Array.from(config ?? [])), modules, metadata, tensors },
  };
  return { text: `${lines.join('\n')}\n`, json };
}

/** The root of the sum of squares. */
async function lengthOf(
  parts: ByteSource,
  { dtype, shape, begin, end }: TensorPlace,
  name: string,
): Promise<number> {
  let sum = 0;
  for (let at = begin; at < end; at += PART_BYTES) {
    const bytes = await parts.read(at, Math.min(PART_BYTES, end - at));
    const values = toFloat32({ dtype, shape, bytes }, name);
    for (let i = 0; i < values.length; i++) sum += values[i] * values[i];
  }
  return Math.sqrt(sum);
}

type Config = readonly (readonly [key: string, value: unknown])[];

/** The config of an adapter, for people and programs; undefined where there is none. */
async function adapterConfig(directory: string): Promise<Config | undefined> {
  const file = join(directory, CONFIG);
  if (!(await exists(file))) return undefined;
  const config = parseConfig(await readFileBytes(file), file);
  return Object.entries(config).map(([key, value]) => [
    key,
    value instanceof PythonPattern ? value.source : value,
  ]);
}

function configLines(config: Config | undefined, directory: string): string[] {
  if (!config) return [];
  const shown = config.map(([key, value]) => {
    const text = value instanceof Map ? patternsText(value) : `${JSON.stringify(value)}`;
    return printable(`${key.padEnd(14)} ${text}`, MAX_LINE);
  });
  return [printable(join(directory, CONFIG), MAX_LINE), ...shown.map((line) => `  ${line}`)];
}

/** Patterns in the order of the file. */
function patternsText(patterns: ReadonlyMap<string, number>): string {
  return `{${Array.from(patterns, ([pattern, value]) => `${JSON.stringify(pattern)}:${value}`).join(',')}}`;
}
