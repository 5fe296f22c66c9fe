/** Recognizes files that are not what a reader expects: the most frequent mistakes, each with a remedy. */

import { DataError } from '../base/errors.js';
import { asBytes, type Bytes } from './bytes.js';

/** Number of leading bytes that are examined. */
const LOOKED_AT = 4096;

interface Kind {
  /** Pattern of the first 8 bytes, as hexadecimal digits. */
  readonly magic?: RegExp;
  /** Pattern of the text at the beginning. */
  readonly text?: RegExp;
  readonly says: string;
  readonly isJson?: true;
}

const PICKLE =
  'it is a file of PyTorch (.bin, .pt or .pth), whose pickle can run any code and is not read: save it as safetensors in Python (safe_serialization=True)';

const KINDS: readonly Kind[] = [
  {
    text: /^version https:\/\/git-lfs/,
    says: 'it is a Git LFS pointer, not the file itself: run git lfs pull, or download the file itself',
  },
  {
    text: /^\s*(<!--[\s\S]*?-->\s*)?<(!doctype html|html|head|body)/i,
    says: 'it is a web page, as a failed download leaves it: download the file itself',
  },
  {
    text: /^\s*<\?xml/i,
    says: 'it is an XML text, as a failed download leaves it: download the file itself',
  },
  {
    text: /^\s*\{[\s\S]*"weight_map"/,
    says: 'it is the index of a model in several files: give one of the safetensors files that it names',
    isJson: true,
  },
  {
    text: /^\s*\{[\s\S]*"(peft_type|lora_alpha)"/,
    says: "it is an adapter's config: the tensors are in adapter_model.safetensors beside it",
    isJson: true,
  },
  {
    text: /^\s*\{[\s\S]*"(model_type|architectures)"/,
    says: "it is a model's config: the tensors are in the safetensors file beside it",
    isJson: true,
  },
  { text: /^\s*[{[]\s*("|[{[]|[}\]]\s*$)/, says: 'it is JSON text', isJson: true },
  { magic: /^504b0304/, says: `it is a zip archive: unpack it first; or ${PICKLE}` },
  { magic: /^504b0506/, says: 'it is an empty zip archive' },
  { magic: /^80(02|03|04|05)(8a|7d|63|5d|28|58|95)/, says: PICKLE },
  {
    magic: /^47475546/,
    says: 'it is a GGUF file, which loadLanguageModel reads (lowrank generate --model)',
  },
  {
    magic: /^934e554d5059/,
    says: 'it is a NumPy array: save it as safetensors in Python (safetensors.numpy.save_file)',
  },
  { magic: /^894844460d0a1a0a/, says: 'it is an HDF5 file: save it as safetensors in Python' },
  { magic: /^1f8b/, says: 'it is compressed with gzip: unpack it first (gunzip)' },
  { magic: /^28b52ffd/, says: 'it is compressed with Zstandard: unpack it first (unzstd)' },
  { magic: /^fd377a585a00/, says: 'it is compressed with xz: unpack it first (unxz)' },
  { magic: /^425a68/, says: 'it is compressed with bzip2: unpack it first (bunzip2)' },
  { magic: /^377abcaf271c/, says: 'it is a 7z archive: unpack it first' },
  { magic: /^89504e470d0a1a0a/, says: 'it is a PNG image' },
  { magic: /^ffd8ff/, says: 'it is a JPEG image' },
  { magic: /^0000080/, says: 'it is an IDX file, such as those of MNIST' },
  { magic: /^fffe/, says: 'it is UTF-16 text: save it as UTF-8' },
  { magic: /^feff/, says: 'it is UTF-16 text: save it as UTF-8' },
  { magic: /^efbbbf/, says: 'it is text with a byte order mark' },
];

/**
 * A clause that describes a file and the remedy, such as `it is a Git LFS pointer, …`; undefined for a file that none
 * of the common mistakes explains.
 * @param bytes  bytes of the file, or of its beginning
 * @param expected  the expected format, which is not described
 */
export function describeFile(bytes: Uint8Array, expected?: 'safetensors' | 'JSON'): string | undefined {
  if (bytes.length === 0) return 'it is empty: download or save it again';
  const start = bytes.subarray(0, LOOKED_AT);
  if (isSafetensors(start)) return expected === 'safetensors' ? undefined : 'it is a safetensors file';
  const digits = Array.from(start.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join('');
  const text = new TextDecoder('latin1').decode(start);
  const kind = KINDS.find(({ magic, text: pattern }) => magic?.test(digits) || pattern?.test(text));
  if (kind) return kind.isJson && expected === 'JSON' ? undefined : kind.says;
  if (start.length >= 64 && start.every((byte) => byte === 0)) {
    return 'it begins with nothing but zeros: a download was not finished';
  }
  const says = `it is a text that begins with ${JSON.stringify(text.trim().slice(0, 40))}`;
  const isJson = expected === 'JSON' && /^\s*[{[]/.test(text);
  return isText(text) && !isJson ? says : undefined;
}

/**
 * The text of a JSON file, which is UTF-8.
 * @param name  name of the file in errors
 * @throws DataError for anything else, which it describes
 */
export function jsonText(bytes: Bytes, name: string): string {
  const file = asBytes(bytes, `${name}: the file`);
  const mistake = describeFile(file, 'JSON');
  const hasMark = file[0] === 0xef && file[1] === 0xbb && file[2] === 0xbf;
  if (mistake !== undefined && !hasMark) throw new DataError(`${name}: is not JSON: ${mistake}`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(file);
  } catch {
    throw new DataError(`${name}: is not JSON: it must be UTF-8 text`);
  }
}

/** Whether a file begins with a header's length below 2^32, then the header. */
function isSafetensors(start: Uint8Array): boolean {
  return start.length >= 10 && start[8] === 0x7b && start.subarray(4, 8).every((byte) => byte === 0);
}

function isText(text: string): boolean {
  return text.trim().length >= 4 && !/[^\t\n\r\x20-\x7e]/.test(text);
}
