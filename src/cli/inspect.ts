/** What a safetensors file, and the config of an adapter beside it, say. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseSafetensors, toFloat32 } from '../core.js';
import { parseConfig } from '../lora/peftConfig.js';
import { readFileBytes } from '../node.js';
import { integer } from './format.js';
import { groupedTable } from './table.js';

const FLOATS = ['F32', 'F16', 'BF16'];

/** Config, tensors with their norms, and sizes, as text. @throws DataError for a file that is not what it claims */
export async function inspectFile(file: string): Promise<string> {
  const bytes = await readFileBytes(file);
  const { tensors, metadata } = parseSafetensors(bytes, file);
  const rows: string[][] = [];
  let [numbers, ranks] = [0, new Set<number>()];
  for (const [name, tensor] of tensors) {
    const count = tensor.shape.reduce((a, b) => a * b, 1);
    numbers += count;
    if (/lora_(embedding_)?A(\.weight)?$/.test(name)) ranks = ranks.add(tensor.shape[0]);
    const isFloat = FLOATS.includes(tensor.dtype);
    const norm = isFloat ? lengthOf(toFloat32(tensor, name)) : Number.NaN;
    rows.push([name, tensor.dtype, tensor.shape.join(' × '), isFloat ? norm.toPrecision(4) : '']);
  }
  const parts = [...(await configLines(dirname(file)))];
  if (rows.length > 0) parts.push(groupedTable([[['tensor', 'type', 'shape', 'norm']], rows], [0, 1]));
  const rank = ranks.size > 0 ? `, rank ${[...ranks].sort((a, b) => a - b).join(', ')}` : '';
  parts.push(
    `${tensors.size} tensors, ${integer(numbers)} numbers${rank}; ${integer(bytes.length)} bytes in ${file}`,
  );
  const notes = Object.entries(metadata).map(([key, value]) => `${key}: ${value.slice(0, 60)}`);
  if (notes.length > 0) parts.push(`metadata ${notes.join(', ')}`);
  return `${parts.join('\n')}\n`;
}

function lengthOf(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum);
}

async function configLines(directory: string): Promise<string[]> {
  const file = join(directory, 'adapter_config.json');
  if (!existsSync(file)) return [];
  const config = parseConfig(await readFileBytes(file), file);
  const shown = Object.entries(config).map(([key, value]) => {
    const text = value instanceof RegExp ? value.source : JSON.stringify(value);
    return `${key.padEnd(14)} ${text}`;
  });
  return [file, ...shown.map((line) => `  ${line}`)];
}
