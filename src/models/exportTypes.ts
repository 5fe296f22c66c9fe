/** Common parts of exports of language models: the element types, the rounding, and the place of a GGUF file. */
import { type FileStore, type WritablePlace, writablePlace } from '../files/fileStore.js';
import { dequantize } from '../gguf/blocks.js';
import { quantize } from '../gguf/quantize.js';
import { TENSOR_TYPES } from '../gguf/types.js';

/** The element types that can be written to a GGUF file. */
export const GGUF_FLOATS = ['F32', 'F16', 'BF16', 'Q8_0'] as const;
export type GgufFloat = (typeof GGUF_FLOATS)[number];

/** Checks an element type. @throws RangeError for an unsupported type */
export function checkGgufFloat(call: string, dtype: string, known: readonly string[]): void {
  if (known.includes(dtype)) return;
  throw new RangeError(`${call}: dtype must be one of ${known.join(', ')}: ${dtype}`);
}

export interface Rounded {
  readonly type: GgufFloat;
  readonly bytes: Uint8Array;
}

/** The type of rows: F16 where Q8_0 is requested and they are not whole blocks. */
export function typeForRows(columns: number, dtype: GgufFloat): GgufFloat {
  return columns % TENSOR_TYPES[dtype].weights === 0 ? dtype : 'F16';
}

/**
 * A matrix in the requested type, or in F16 where its rows are not whole blocks.
 * @param where  name of the matrix in errors
 * @param values  [rows, columns]
 * @throws RangeError for a number that is not finite, or that the type cannot hold
 */
export function roundedRows(where: string, values: Float32Array, columns: number, dtype: GgufFloat): Rounded {
  const largest = largestOf(values, where);
  const type = typeForRows(columns, dtype);
  // A finite value that becomes infinite exceeds the type's largest number.
  if (type === 'F16' || type === 'BF16') {
    const [rounded] = dequantize(type, quantize(Float32Array.of(largest), type), 1, where);
    if (!Number.isFinite(rounded))
      throw new RangeError(`${where}: ${type} does not hold ${largest}: use F32 or BF16`);
  }
  return { type, bytes: quantize(values, type) };
}

/** The largest |value|. @throws RangeError for a number that is not finite */
function largestOf(values: Float32Array, where: string): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i]);
    if (!Number.isFinite(size)) throw new RangeError(`${where}: must be finite: ${values[i]}`);
    if (size > largest) largest = size;
  }
  return largest;
}

/** The store and the name of one GGUF file; a path may name the file itself. @throws TypeError as `writablePlace` */
export function ggufFile(
  call: string,
  to: WritablePlace,
  file: string,
): { readonly store: FileStore; readonly name: string } {
  const [, directory, name] = typeof to === 'string' ? (/^(.*[\\/])?([^\\/]+\.gguf)$/.exec(to) ?? []) : [];
  if (name !== undefined) return { store: writablePlace(`${call}: to`, directory ?? '.'), name };
  return { store: writablePlace(`${call}: to`, to), name: file };
}
