/** Models as safetensors files: one f32 tensor per parameter and buffer, under its name. */
import type { Bytes } from '../bytes.js';
import { parseSafetensors, serializeSafetensors, toFloat32, type WritableTensor } from '../safetensors.js';
import type { StateDict } from './module.js';

/**
 * The bytes of a model file, the same for the same values.
 * @param state  as `stateDict()` gives it
 * @param metadata  text by name that goes into the file beside them
 */
export function serializeModel(
  state: StateDict,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const tensors = new Map<string, WritableTensor>();
  for (const [name, tensor] of state) tensors.set(name, { dtype: 'F32', ...tensor });
  return serializeSafetensors(tensors, { ...metadata, format: 'pt' });
}

/**
 * What `loadStateDict()` takes, from the bytes of a model file with f32, f16 or bf16 tensors.
 * @param name  of the file, for messages
 * @throws DataError when the bytes are not such a file
 */
export function parseModel(bytes: Bytes, name: string): StateDict {
  const state: StateDict = new Map();
  for (const [key, tensor] of parseSafetensors(bytes, name).tensors) {
    state.set(key, { shape: tensor.shape, data: toFloat32(tensor, `${name}: ${key}`) });
  }
  return state;
}
