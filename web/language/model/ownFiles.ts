/** A visitor's own model: one GGUF file, or config.json, tokenizer.json and safetensors. Only headers are read here. */
import { type ByteSource, blobSource, DataError, mapFiles } from 'lowrank';
import { openGguf } from 'lowrank/text';
import type { ModelFacts } from '../api.js';
import { factsOfPlace, type Place } from './facts.js';
import { refusal } from './refusal.js';
import { offeredBytes } from './room.js';

const CHOOSE = 'Choose one .gguf file, or config.json, tokenizer.json and the .safetensors files together.';
/** Largest number of bytes of headers, far more than any supported model has. */
const MOST_READ = 64 * 2 ** 20;
const TENSORS = /\.safetensors$/i;
const WHOLE = 'model.safetensors';

/**
 * Turns files into what `loadLanguageModel` takes.
 * @throws Error with a sentence for a person if the files are not one model
 */
export function placeOf(files: readonly File[]): Place {
  const ggufs = files.filter(({ name }) => /\.gguf$/i.test(name));
  if (ggufs.length > 1) throw new Error('These are several models. Choose one .gguf file.');
  if (ggufs.length === 1) return ggufs[0];
  const names = new Set(files.map(({ name }) => name));
  if (names.has('adapter_config.json') || names.has('adapter_model.safetensors'))
    throw new Error('This is an adapter. Open its model first, then the adapter under "Take".');
  const tensors = files.filter(({ name }) => TENSORS.test(name));
  const isJson = (name: string) => /\.json$/i.test(name);
  // Whatever its name is, the reader says what kind of file it is.
  if (files.length === 1 && tensors.length === 0 && !isJson(files[0].name)) return files[0];
  const missing = ['config.json', 'tokenizer.json'].filter((name) => !names.has(name));
  if (tensors.length === 0) missing.push('the .safetensors file');
  if (missing.length === 3 || files.length === 0) throw new Error(CHOOSE);
  if (missing.length > 0)
    throw new Error(`Choose ${new Intl.ListFormat('en-GB').format(missing)} together with the rest.`);
  const byName = new Map(files.map((file) => [file.name, file]));
  if (tensors.length === 1 && !names.has('model.safetensors.index.json')) byName.set(WHOLE, tensors[0]);
  return mapFiles(byName, 'These files');
}

/** @throws Error with a sentence for a person */
export async function inspectFiles(files: readonly File[]): Promise<ModelFacts> {
  const place = placeOf(files);
  const name = nameOf(files);
  try {
    return await factsOfPlace(place instanceof Blob ? limited(place) : place, name);
  } catch (error) {
    const whole = place instanceof Blob ? await wholeBytes(place, error) : undefined;
    throw new Error(refusal(error, { name, bytes: place instanceof Blob ? place.size : undefined, whole }), {
      cause: error,
    });
  }
}

/** The sentence about files that are refused later, while weights are read. */
export function ownRefusal(error: unknown, files: readonly File[]): string {
  const offered = offeredBytes();
  return refusal(error, { name: nameOf(files), bytes: undefined, whole: undefined, offered });
}

function nameOf(files: readonly File[]): string {
  const own = files.find(({ name }) => /\.(gguf|safetensors)$/i.test(name)) ?? files[0];
  const bare = (own?.name ?? '').replace(/\.(gguf|safetensors)$/i, '');
  return bare === '' || /^model([-.]|$)/.test(bare) ? 'Your model' : bare;
}

/** A source that refuses to read a header of gigabytes. */
function limited(blob: Blob): ByteSource {
  const source = blobSource(blob, 'the file');
  let read = 0;
  return {
    length: source.length,
    read: async (offset, length) => {
      read += length;
      if (read > MOST_READ) throw new DataError('the file: header: is larger than that of any model');
      return source.read(offset, length);
    },
  };
}

/** The full size of a file that was cut, which is where its last tensor ends. */
async function wholeBytes(blob: Blob, error: unknown): Promise<number | undefined> {
  if (!(error instanceof DataError) || !/are beyond the file's/.test(error.message)) return undefined;
  const source = limited(blob);
  let [isOpen, end] = [false, 0];
  const longer: ByteSource = {
    length: Number.MAX_SAFE_INTEGER,
    read: async (offset, length) => {
      if (isOpen) end = Math.max(end, offset + length);
      if (isOpen) return new Uint8Array();
      // Headers are read in chunks, which may extend beyond the end of the file.
      const bytes = new Uint8Array(length);
      bytes.set(await source.read(offset, Math.max(0, Math.min(length, blob.size - offset))));
      return bytes;
    },
  };
  const { tensors } = await openGguf(longer, 'the file');
  isOpen = true;
  for (const tensor of tensors.values()) await tensor.read();
  return end;
}
