/** What a safetensors file, and the config of an adapter beside it, say. */
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
import { groupedTable } from './table.js';

/** Characters of a name in a table, and of a line. */
const MAX_NAME = 120;
const MAX_LINE = 500;

const FLOATS = ['F32', 'F16', 'BF16'];

/** Bytes of values that are in memory at a time, a multiple of the elements' sizes. */
const PART_BYTES = 2 ** 24;

/** Config, tensors with their norms, and sizes, as text. @throws DataError for a file that is not what it claims */
export async function inspectFile(file: string): Promise<string> {
  const parts = await fileSource(file);
  const beginning = await parts.read(0, Math.min(8, parts.length));
  const headerLength = Math.max(4096, safetensorsHeaderLength(beginning));
  const start = await parts.read(0, Math.min(headerLength, parts.length));
  const { places, metadata } = parseSafetensorsHeader(start, parts.length, file);
  const rows: string[][] = [];
  let [numbers, ranks] = [0, new Set<number>()];
  for (const [name, place] of places) {
    const { dtype, shape } = place;
    numbers += shape.reduce((a, b) => a * b, 1);
    if (/lora_(embedding_)?A(\.weight)?$/.test(name)) ranks = ranks.add(shape[0]);
    const norm = FLOATS.includes(dtype) ? (await lengthOf(parts, place, name)).toPrecision(4) : '';
    rows.push([printable(name, MAX_NAME), dtype, shape.join(' × '), norm]);
  }
  const lines = await configLines(dirname(file));
  if (rows.length > 0) lines.push(groupedTable([[['tensor', 'type', 'shape', 'norm']], rows], [0, 1]));
  const rank = ranks.size > 0 ? `, rank ${[...ranks].sort((a, b) => a - b).join(', ')}` : '';
  const size = `${integer(parts.length)} bytes in ${printable(file, MAX_LINE)}`;
  lines.push(`${places.size} tensors, ${integer(numbers)} numbers${rank}; ${size}`);
  const notes = Object.entries(metadata).map(([key, value]) => printable(`${key}: ${value}`, MAX_NAME));
  if (notes.length > 0) lines.push(`metadata ${notes.join(', ')}`);
  return `${lines.join('\n')}\n`;
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

async function configLines(directory: string): Promise<string[]> {
  const file = join(directory, 'adapter_config.json');
  if (!(await exists(file))) return [];
  const config = parseConfig(await readFileBytes(file), file);
  const shown = Object.entries(config).map(([key, value]) => {
    const shown = value instanceof PythonPattern ? value.source : value;
    const text = shown instanceof Map ? patternsText(shown) : `${JSON.stringify(shown)}`;
    return printable(`${key.padEnd(14)} ${text}`, MAX_LINE);
  });
  return [printable(file, MAX_LINE), ...shown.map((line) => `  ${line}`)];
}

/** Patterns in the order of the file. */
function patternsText(patterns: ReadonlyMap<string, number>): string {
  return `{${Array.from(patterns, ([pattern, value]) => `${JSON.stringify(pattern)}:${value}`).join(',')}}`;
}
