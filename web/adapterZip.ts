/** An adapter as one file: PEFT's two files in a zip, with the files that the page adds. */
import { zipSync } from 'fflate';
import { ABOUT } from './about.js';
import { entriesOf, unpack, ZipError } from './zip.js';

const CONFIG = 'adapter_config.json';
const MODEL = 'adapter_model.safetensors';
const ADAPTER_FILES = [CONFIG, MODEL];
/** Names of the files that are read. */
const WANTED = [...ADAPTER_FILES, ABOUT];

/** Largest numbers of bytes. */
export interface AdapterLimits {
  /** All picked files together, before unpacking: a zip may hold other things, which are not unpacked. */
  readonly picked: number;
  /** The adapter's files together, unpacked. */
  readonly unpacked: number;
}

/** Rank 1,024 on each layer of the network of digits is 6 MB. */
const DIGITS_LIMITS: AdapterLimits = { picked: 64 * 2 ** 20, unpacked: 16 * 2 ** 20 };
const MOST_FILES = 100;
const MOST_ENTRIES = 1000;

export function zipAdapter(files: ReadonlyMap<string, Uint8Array>): Uint8Array<ArrayBuffer> {
  // fflate's buffers are plain ones.
  return zipSync(Object.fromEntries(files)) as Uint8Array<ArrayBuffer>;
}

/**
 * Finds the files of an adapter among the picked files: on their own, or in any folder of a zip. Besides PEFT's two, they
 * may include the file that says what the adapter was taught.
 * @throws Error with a sentence for a person
 */
export async function adapterAmong(
  files: readonly File[],
  limits: AdapterLimits = DIGITS_LIMITS,
): Promise<Map<string, Uint8Array>> {
  const given =
    files
      .map(({ name }) => name)
      .slice(0, 5)
      .join(', ') + (files.length > 5 ? ', …' : '');
  if (files.length > MOST_FILES)
    throw new Error(`You picked ${files.length} files: pick the zip, or both files of an adapter.`);
  if (files.reduce((sum, { size }) => sum + size, 0) > limits.picked) {
    throw new Error(`${given}: larger than any adapter of this network.`);
  }
  const found: Part[] = [];
  let left = limits.unpacked;
  for (const file of files) {
    const bytes = await bytesOf(file);
    const parts = isZip(file.name, bytes) ? unzipped(file.name, bytes, left) : [{ path: file.name, bytes }];
    for (const part of parts) {
      if (!WANTED.includes(nameOf(part.path))) continue;
      left -= part.bytes.length;
      found.push(part);
    }
    if (left < 0) throw new Error(`${given}: larger than any adapter of this network.`);
  }
  return oneAdapter(found, given);
}

interface Part {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** @param given  the picked files, as shown to the visitor */
function oneAdapter(found: readonly Part[], given: string): Map<string, Uint8Array> {
  const named = new Map(found.map(({ path, bytes }) => [nameOf(path), bytes]));
  const missing = ADAPTER_FILES.filter((name) => !named.has(name));
  if (missing.length > 0) {
    const first = missing.length === 1 ? '' : 'This is not a LoRA adapter. ';
    const are = missing.length === 1 ? 'is' : 'are';
    throw new Error(
      `${first}${missing.join(' and ')} ${are} missing in ${given}: pick the zip, or both files of an adapter.`,
    );
  }
  if (found.length > named.size) {
    throw new Error(`${given}: these files belong to more than one adapter; pick those of one.`);
  }
  return named;
}

async function bytesOf(file: File): Promise<Uint8Array> {
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch (error) {
    throw new Error(`${file.name} cannot be read: it is a folder, or it was moved.`, { cause: error });
  }
}

const isZip = (name: string, bytes: Uint8Array) =>
  name.toLowerCase().endsWith('.zip') || (bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] < 9);

const nameOf = (path: string) => path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);

const folderOf = (path: string) => path.slice(0, path.length - nameOf(path).length);

/** A path in a zip, in a form that can be shown. */
const shown = (path: string) => {
  const clean = path.replaceAll(/\p{C}/gu, '�');
  return clean.length > 60 ? `…${clean.slice(-59)}` : clean;
};

/** The files of an adapter in a zip; the others are not unpacked. @param most  bytes, of all of them */
function unzipped(name: string, zip: Uint8Array, most: number): Part[] {
  try {
    const entries = entriesOf(zip, MOST_ENTRIES);
    const two = entries.filter(({ path }) => ADAPTER_FILES.includes(nameOf(path)));
    const inner = entries.find(({ path }) => path.toLowerCase().endsWith('.zip'));
    if (two.length === 0 && inner) {
      throw new Error(`${name} contains another zip, ${shown(inner.path)}: unpack it and pick that one.`);
    }
    const folders = new Set(two.map(({ path }) => folderOf(path)));
    // A description in another folder belongs to another adapter.
    const about = entries.filter(({ path }) => nameOf(path) === ABOUT && folders.has(folderOf(path)));
    const wanted = [...two, ...about];
    if (folders.size > 1 || new Set(wanted.map(({ path }) => nameOf(path))).size < wanted.length) {
      throw new Error(`${name} contains the files of more than one adapter: pick both files of one.`);
    }
    const contents = unpack(wanted, most);
    return wanted.map(({ path }, i) => ({ path, bytes: contents[i] }));
  } catch (error) {
    if (!(error instanceof ZipError)) throw error;
    throw new Error(`${name} ${error.message}.`, { cause: error });
  }
}
