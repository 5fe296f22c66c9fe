/** An adapter as one file to carry: PEFT's two in a zip. */
import { unzipSync, zipSync } from 'fflate';

const ADAPTER_FILES = ['adapter_config.json', 'adapter_model.safetensors'];

/** Above what an adapter of this page can have: a larger file is not unpacked. */
const MOST_BYTES = 64 * 1024 * 1024;

export function zipAdapter(files: ReadonlyMap<string, Uint8Array>): Uint8Array<ArrayBuffer> {
  // fflate's buffers are plain ones.
  return zipSync(Object.fromEntries(files)) as Uint8Array<ArrayBuffer>;
}

/**
 * The two files of an adapter among files that were picked: themselves, or in a zip, in whatever folder.
 * @throws Error with a sentence for a person
 */
export async function adapterAmong(files: readonly File[]): Promise<Map<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  for (const file of files) {
    if (file.size > MOST_BYTES) throw new Error(`${file.name} is larger than any adapter of this network.`);
    const bytes = new Uint8Array(await file.arrayBuffer());
    for (const [path, part] of file.name.endsWith('.zip')
      ? unzipped(file.name, bytes)
      : [[file.name, bytes] as const]) {
      const name = path.slice(path.lastIndexOf('/') + 1);
      if (ADAPTER_FILES.includes(name)) found.set(name, part);
    }
  }
  const missing = ADAPTER_FILES.filter((name) => !found.has(name));
  if (missing.length === 0) return found;
  const given = files.map(({ name }) => name).join(', ');
  throw new Error(`${missing.join(' and ')} missing in ${given}: pick the zip, or both files of an adapter.`);
}

function unzipped(name: string, bytes: Uint8Array): [string, Uint8Array][] {
  try {
    const filter = ({ name: path, originalSize }: { name: string; originalSize: number }) =>
      originalSize <= MOST_BYTES && ADAPTER_FILES.some((each) => path.endsWith(each));
    return Object.entries(unzipSync(bytes, { filter }));
  } catch {
    throw new Error(`${name} is no zip file, or a damaged one.`);
  }
}
