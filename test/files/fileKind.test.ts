/** The most frequent mistakes, as other programs write them; oracle: the kind of each file. */
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { DataError } from '../../src/base/errors.js';
import { describeFile } from '../../src/files/fileKind.js';
import { parseConfig } from '../../src/lora/peftConfig.js';
import { parseIdx } from '../../src/mnist/idx.js';
import { parseModel } from '../../src/nn/modelFile.js';
import { serializeSafetensors } from '../../src/safetensors/safetensors.js';

const text = (content: string) => new TextEncoder().encode(content);
const bytes = (hex: string, length = 100) => {
  const out = new Uint8Array(length);
  out.set(Buffer.from(hex, 'hex'));
  return out;
};

const LFS = `version https://git-lfs.github.com/spec/v1
oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
size 12345
`;

const MISTAKES: [string, Uint8Array, string][] = [
  ['an empty file', new Uint8Array(), 'it is empty: download or save it again'],
  [
    'a Git LFS pointer',
    text(LFS),
    'it is a Git LFS pointer, not the file itself: run git lfs pull, or download the file itself',
  ],
  [
    'a web page',
    text('\n<!DOCTYPE html>\n<html class="">'),
    'it is a web page, as a failed download leaves it',
  ],
  ['a web page with a comment', text('<!-- saved --><HTML><head>'), 'it is a web page'],
  [
    "a store's refusal",
    text('<?xml version="1.0"?><Error><Code>AccessDenied</Code>'),
    'it is an XML text, as a failed download',
  ],
  ["a site's refusal", text('Entry not found'), 'it is a text that begins with "Entry not found"'],
  [
    'an index',
    text('{\n "metadata": {"total_size": 1},\n "weight_map": {"a": "b"}}'),
    'it is the index of a model in several files',
  ],
  [
    "an adapter's config",
    text('{\n  "alpha_pattern": {},\n  "peft_type": "LORA"}'),
    "it is an adapter's config: the tensors are in adapter_model.safetensors",
  ],
  ["a model's config", text('{"architectures": ["LlamaForCausalLM"]}'), "it is a model's config"],
  ['other JSON', text('{"a": 1}'), 'it is JSON text'],
  ['an empty object', text('{}'), 'it is JSON text'],
  [
    "PyTorch's file since 1.6",
    bytes('504b0304000008080000'),
    'it is a zip archive: unpack it first; or it is a file of PyTorch',
  ],
  [
    "PyTorch's file before",
    bytes('80028a0a6cfc9c46f9206aa85019'),
    'it is a file of PyTorch (.bin, .pt or .pth), whose pickle',
  ],
  ['a pickle', bytes('80049515000000'), 'it is a file of PyTorch'],
  ['a GGUF file', bytes('4747554603000000'), 'it is a GGUF file, which loadLanguageModel reads'],
  ['a NumPy array', bytes('934e554d50590100'), 'it is a NumPy array'],
  ['an HDF5 file', bytes('894844460d0a1a0a'), 'it is an HDF5 file'],
  ['a gzipped file', gzipSync(text('{}')), 'it is compressed with gzip: unpack it first'],
  ['a file of Zstandard', bytes('28b52ffd'), 'it is compressed with Zstandard'],
  ['an IDX file', bytes('00000803'), 'it is an IDX file, such as those of MNIST'],
  ['UTF-16', bytes('fffe7b002200'), 'it is UTF-16 text: save it as UTF-8'],
  ['a byte order mark', text('\ufeff{"a":1}'), 'it is text with a byte order mark'],
  ['zeros', new Uint8Array(200), 'it begins with nothing but zeros: a download was not finished'],
];

describe("an adapter's config", () => {
  it.each(MISTAKES.filter(([name]) => !/config|index|JSON|object|byte order/.test(name)))(
    'is not %s',
    (_, content, says) => {
      expect(() => parseConfig(content, 'c')).toThrow(`c: is not JSON: ${says}`);
    },
  );

  it('is not a safetensors file, not another encoding, and not endlessly nested', () => {
    const model = serializeSafetensors([['a', { dtype: 'F32', shape: [1], data: Float32Array.of(1) }]]);
    expect(() => parseConfig(model, 'c')).toThrow(new DataError('c: is not JSON: it is a safetensors file'));
    const latin1 = Uint8Array.of(0x7b, 0x22, 0xe4, 0x22, 0x7d);
    expect(() => parseConfig(latin1, 'c')).toThrow(new DataError('c: is not JSON: it must be UTF-8 text'));
    const deep = text(`{"r":${'['.repeat(50_000)}${']'.repeat(50_000)}}`);
    expect(() => parseConfig(deep, 'c')).toThrow(DataError);
    expect(() => parseConfig(deep, 'c')).toThrow(/^c: [^\n]*nested more than 100 deep/);
  });
});

describe('a file of another kind', () => {
  it.each(MISTAKES)('is named: %s', (_, content, says) => {
    expect(describeFile(content)).toContain(says);
    expect(() => parseModel(content, 'm')).toThrow(`m: is not a safetensors file: ${says}`);
  });

  it('is named where an IDX file is read', async () => {
    await expect(parseIdx(text(LFS), 'f')).rejects.toThrow('f: not an IDX file: it is a Git LFS pointer');
    const model = serializeSafetensors([['a', { dtype: 'F32', shape: [1], data: Float32Array.of(1) }]]);
    await expect(parseIdx(model, 'f')).rejects.toThrow('f: not an IDX file: it is a safetensors file');
  });

  it('is not guessed from arbitrary bytes', () => {
    for (const content of [bytes('0102030405'), bytes('ff00ff00'), Uint8Array.of(1, 2)]) {
      expect(describeFile(content)).toBeUndefined();
    }
    const model = serializeSafetensors([['a', { dtype: 'F32', shape: [3], data: new Float32Array(3) }]]);
    expect(() => parseModel(model.subarray(0, -1), 'm')).toThrow('m: truncated: header and tensors need');
    expect(() => parseModel(model.subarray(0, 20), 'm')).toThrow('m: truncated: the header needs');
  });
});
