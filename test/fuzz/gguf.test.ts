/**
 * GGUF files whose fields were changed with knowledge of the format. What opens lies within its file, tensor apart from tensor, and
 * decodes to the number of elements of its shape. `LOWRANK_FUZZ` sets the number of files.
 */

import type { Random } from '../../src/base/random.js';
import { bytesSource } from '../../src/files/byteSource.js';
import { dequantize, isBlockType, unpackBlocks } from '../../src/gguf/blocks.js';
import { type GgufTensor, openGguf } from '../../src/gguf/open.js';
import { TENSOR_TYPES } from '../../src/gguf/types.js';
import { ids, text, u8, u32, u64 } from '../gguf/raw.js';
import { below, joined, mutateBytes, NAMES, pick } from './mutate.js';
import { survives } from './survival.js';

/** Values where others are expected: lengths, counts, sizes, types and offsets. */
const LARGE = [2 ** 16, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 2n ** 63n, 2n ** 64n - 1n];
const SMALL = [0, 1, 2, 3, 4, 5, 7, 8, 12, 13, 31, 32, 33, 64, 96, 100, 255, 256, 1000];

interface Entry {
  readonly fields: Uint8Array[];
}

/** The fields of a file that opens, before its padding. */
function fieldsOf(random: Random): Uint8Array[] {
  const key = () =>
    text(pick(random, ['k', 'general.name', 'split.count', ...NAMES.slice(0, 12)]) + below(random, 100));
  const entries: Entry[] = [
    { fields: [text('general.alignment'), u32(ids.u32), u32(32)] },
    { fields: [key(), u32(ids.u8), u8(7)] },
    { fields: [key(), u32(ids.i64), u64(2n ** 63n)] },
    { fields: [key(), u32(ids.bool), u8(1)] },
    { fields: [key(), u32(ids.f64), u64(1)] },
    { fields: [key(), u32(ids.string), text('Ġé😀')] },
    { fields: [key(), u32(ids.array), u32(ids.string), u64(3), text('a'), text(''), text('bc')] },
    { fields: [key(), u32(ids.array), u32(ids.i32), u64(2), u32(1), u32(2)] },
    { fields: [key(), u32(ids.array), u32(ids.bool), u64(2), u8(0), u8(1)] },
    { fields: [key(), u32(ids.array), u32(ids.u64), u64(1), u64(9)] },
  ];
  const tensors: Uint8Array[] = [];
  let offset = 0;
  const types = Object.values(TENSOR_TYPES);
  for (let i = below(random, 4); i >= 0; i--) {
    const { id, weights, bytes } = pick(random, types);
    const [rows, blocks] = [1 + below(random, 3), 1 + below(random, 3)];
    tensors.push(text(`blk.${i}.w`), u32(2), u64(blocks * weights), u64(rows), u32(id), u64(offset));
    offset += Math.ceil((rows * blocks * bytes) / 32) * 32;
  }
  const kept = entries.filter(() => below(random, 2) === 0);
  const head = [
    new TextEncoder().encode('GGUF'),
    u32(pick(random, [2, 3])),
    u64(tensors.length / 6),
    u64(kept.length),
  ];
  return [...head, ...kept.flatMap(({ fields }) => fields), ...tensors];
}

/** One change of a field: another number of its width, another field, or none. */
function changeField(fields: Uint8Array[], random: Random): void {
  const at = below(random, fields.length);
  const kind = below(random, 8);
  const numbers = below(random, 2) === 0 ? SMALL : LARGE;
  if (kind === 0) fields.splice(at, 1);
  else if (kind === 1) fields.splice(at, 0, pick(random, fields));
  else if (kind === 2) fields[at] = pick(random, fields);
  else if (kind === 3) fields[at] = mutateBytes(fields[at], random);
  else if (fields[at].length === 4)
    fields[at] = u32(Number(BigInt.asUintN(32, BigInt(pick(random, numbers)))));
  else if (fields[at].length >= 8) fields[at] = joined(u64(pick(random, numbers)), fields[at].subarray(8));
}

function changedFile(random: Random): Uint8Array {
  const fields = fieldsOf(random);
  for (let i = below(random, 4); i > 0; i--) changeField(fields, random);
  const header = joined(...fields);
  const data = Uint8Array.from({ length: 32 * below(random, 200) }, () => below(random, 256));
  const file = joined(header, new Uint8Array((32 - (header.length % 32)) % 32), data);
  return below(random, 4) === 0 ? mutateBytes(file, random) : file;
}

async function readFile(random: Random): Promise<void> {
  const file = changedFile(random);
  let most = 0;
  const source = bytesSource(file, 'file');
  const watched = {
    length: source.length,
    read: (offset: number, length: number) => {
      most = Math.max(most, offset + length);
      return source.read(offset, length);
    },
  };
  const { tensors } = await openGguf(watched, 'file');
  if (most > file.length) throw new Error(`reads ${most} bytes of ${file.length}`);
  const bytes = Array.from(tensors.values(), ({ byteLength }) => byteLength).reduce(
    (sum, length) => sum + length,
    0,
  );
  if (bytes > file.length) throw new Error(`tensors of ${bytes} bytes in ${file.length}`);
  for (const tensor of tensors.values()) await decode(tensor);
}

async function decode({ name, type, shape, read }: GgufTensor): Promise<void> {
  const count = shape.reduce((product, size) => product * size, 1);
  const bytes = await read();
  const where = `file: tensor ${JSON.stringify(name)}`;
  if (isBlockType(type)) unpackBlocks(type, bytes, count, where);
  const numbers = dequantize(type, bytes, count, where);
  if (numbers.length !== count) throw new Error(`${numbers.length} numbers of ${count}`);
  if (isBlockType(type) && !numbers.every(Number.isFinite)) throw new Error('a number is not finite');
}

survives([{ name: 'a GGUF file', says: /^file: /, read: readFile }]);
