/**
 * The trained network in a quarter of the bytes: a safetensors file with I8 weights `NAME.weight`, one factor per row in
 * `NAME.scale`, and F32 biases. weight = I8 × scale, rounded to f32 once, is the same number everywhere.
 */
import { DataError, parseSafetensors, type StateDict, toFloat32 } from 'lowrank';

/** Largest value, although I8 has room for 127: fewer values compress better, and the network reads equally well. */
const LARGEST = 31;

/** The bytes of the small file of a network whose weights are [rows, columns]. */
export function serializeSmall(state: StateDict): Uint8Array {
  const tensors: [name: string, dtype: 'F32' | 'I8', shape: readonly number[], bytes: Uint8Array][] = [];
  for (const [name, { shape, data }] of state) {
    if (shape.length !== 2) {
      tensors.push([name, 'F32', shape, bytesOf(Float32Array.from(data))]);
      continue;
    }
    const { values, scale } = quantised(data, shape[1]);
    tensors.push([scaleOf(name), 'F32', [shape[0]], bytesOf(scale)], [name, 'I8', shape, bytesOf(values)]);
  }
  // Wider elements come first, so that each tensor begins at a multiple of its element size.
  tensors.sort(([a, s], [b, t]) => (s === t ? (a < b ? -1 : 1) : s === 'F32' ? -1 : 1));
  const header: Record<string, unknown> = {};
  let end = 0;
  for (const [name, dtype, shape, bytes] of tensors) {
    const begin = end;
    end += bytes.length;
    header[name] = { dtype, shape, data_offsets: [begin, end] };
  }
  const json = JSON.stringify(header);
  const text = new TextEncoder().encode(json.padEnd(Math.ceil(json.length / 8) * 8));
  const file = new Uint8Array(8 + text.length + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  let at = 8 + text.length;
  for (const [, , , bytes] of tensors) {
    file.set(bytes, at);
    at += bytes.length;
  }
  return file;
}

/** @throws DataError when the bytes are not such a file */
export function parseSmall(bytes: Uint8Array, name: string): StateDict {
  const { tensors } = parseSafetensors(bytes, name);
  const state: StateDict = new Map();
  for (const [key, tensor] of tensors) {
    if (key.endsWith('.scale')) continue;
    if (tensor.dtype !== 'I8') {
      state.set(key, { shape: tensor.shape, data: toFloat32(tensor, `${name}: ${key}`) });
      continue;
    }
    const scale = tensors.get(scaleOf(key));
    const [rows, columns] = tensor.shape;
    if (tensor.shape.length !== 2 || scale?.shape.join() !== String(rows))
      throw new DataError(`${name}: ${key} must have a factor for each of its rows`);
    const factors = toFloat32(scale, `${name}: ${scaleOf(key)}`);
    const values = new Int8Array(tensor.bytes.buffer, tensor.bytes.byteOffset, tensor.bytes.length);
    const data = Float32Array.from(values, (value, i) => value * factors[Math.floor(i / columns)]);
    state.set(key, { shape: tensor.shape, data });
  }
  return state;
}

function scaleOf(weight: string): string {
  return weight.replace(/\.weight$/, '.scale');
}

/** Scales each row by its largest value. */
function quantised(data: ArrayLike<number>, columns: number) {
  const rows = data.length / columns;
  const scale = new Float32Array(rows);
  const values = new Int8Array(data.length);
  for (let row = 0; row < rows; row++) {
    const begin = row * columns;
    let largest = 0;
    for (let i = begin; i < begin + columns; i++) largest = Math.max(largest, Math.abs(data[i]));
    scale[row] = largest / LARGEST;
    for (let i = begin; i < begin + columns; i++)
      values[i] =
        scale[row] > 0 ? Math.max(-LARGEST, Math.min(LARGEST, Math.round(data[i] / scale[row]))) : 0;
  }
  return { values, scale };
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array | Int8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
