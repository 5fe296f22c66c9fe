/** Bytes and numbers in every form that a caller may pass: accepted, or refused in one line. */
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { Dataset } from '../../src/data/dataset.js';
import { asBytes } from '../../src/files/bytes.js';
import { parseIdx } from '../../src/mnist/idx.js';
import { parseMnist } from '../../src/mnist/mnist.js';
import { parseModel } from '../../src/nn/modelFile.js';
import { parseSafetensors, serializeSafetensors } from '../../src/safetensors/safetensors.js';
import { tensor } from '../../src/tensor.js';
import { wasm } from '../support/devices.js';

const device = await wasm();

/** The same bytes at another place of a larger buffer. */
function within(bytes: Uint8Array): Uint8Array {
  const larger = new Uint8Array(bytes.length + 16);
  larger.set(bytes, 3);
  return larger.subarray(3, 3 + bytes.length);
}

function shared(bytes: Uint8Array): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(bytes.length);
  new Uint8Array(buffer).set(bytes);
  return buffer;
}

const FORMS: [string, (bytes: Uint8Array) => unknown][] = [
  ['Uint8Array', within],
  ['Buffer', (bytes) => Buffer.from(bytes)],
  ['ArrayBuffer', (bytes) => new Uint8Array(bytes).buffer],
  ['SharedArrayBuffer', shared],
  ['DataView', (bytes) => new DataView(within(bytes).buffer, 3, bytes.length)],
  ['Uint8ClampedArray', (bytes) => new Uint8ClampedArray(bytes)],
];
const WRONG: [string, unknown, string][] = [
  ['an array', [1, 2], 'an array'],
  ['text', 'abc', 'a string'],
  ['nothing', undefined, 'undefined'],
  ['null', null, 'null'],
  ['a Blob', new Blob([]), 'a Blob'],
  ['an object', { length: 3 }, 'an object'],
];

const model = serializeSafetensors([['a', { dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) }]]);
const idx = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 3, 0, 1, 1);
const images = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 1, 7, 8, 9);
const options = { features: 2, classes: 3, mean: 0, std: 1 };

describe('bytes', () => {
  it.each(FORMS)('are taken as %s', async (_, form) => {
    // The types restrict the arguments; callers without types may pass anything.
    const as = (bytes: Uint8Array) => form(bytes) as Uint8Array;
    expect(parseModel(as(model), 'm').get('a')?.data).toEqual(Float32Array.of(1, 2));
    expect([...(await parseIdx(as(idx), 'i')).data]).toEqual([0, 1, 1]);
    expect([...(await parseIdx(as(gzipSync(idx)), 'i')).data]).toEqual([0, 1, 1]);
    const [imageFile, labelFile] = [images, idx].map((bytes) => ({ name: 'f', bytes: as(bytes) }));
    const files = {
      trainImages: imageFile,
      trainLabels: labelFile,
      testImages: imageFile,
      testLabels: labelFile,
    };
    expect([...(await parseMnist(files)).train.images]).toEqual([7, 8, 9]);
    const data = Dataset.fromBytes(device, as(Uint8Array.of(1, 2, 3, 4)), as(Uint8Array.of(0, 2)), options);
    expect(data.classCounts).toEqual([1, 0, 1]);
    data.dispose();
    expect([...asBytes(as(Uint8Array.of(1, 2)), 'x')]).toEqual([1, 2]);
  });

  it.each(WRONG)('are not %s', async (_, wrong, found) => {
    const given = wrong as Uint8Array;
    const rule = `must be a Uint8Array, an ArrayBuffer or another view of one: got ${found}`;
    expect(() => parseSafetensors(given, 'm')).toThrow(new TypeError(`parseSafetensors: the file ${rule}`));
    await expect(parseIdx(given, 'i')).rejects.toThrow(new TypeError(`parseIdx: the file ${rule}`));
    expect(() => Dataset.fromBytes(device, given, given, options)).toThrow(
      new TypeError(`dataset: images must be bytes, such as a Uint8Array: got ${found}`),
    );
  });

  it('are not numbers of another size where they are values themselves', () => {
    const floats = Float32Array.of(1, 2, 3, 4);
    expect(() => Dataset.fromBytes(device, floats, Uint8Array.of(0, 1), options)).toThrow(
      new TypeError('dataset: images must be bytes, such as a Uint8Array: got a Float32Array'),
    );
  });
});

describe('numbers', () => {
  it.each([
    ['an ArrayBuffer', new ArrayBuffer(8), 'a ArrayBuffer'],
    ['a DataView', new DataView(new ArrayBuffer(8)), 'a DataView'],
    ['nothing', null, 'null'],
    ['text', 'ab', 'a string'],
  ])('are not %s', (_, wrong, found) => {
    const given = wrong as unknown as number[];
    const rule = 'must be numbers in an array or typed array: got';
    expect(() => tensor(device, given, [2])).toThrow(new TypeError(`tensor: values ${rule} ${found}`));
    const target = tensor(device, [1, 2], [2]);
    expect(() => target.write(given)).toThrow(new TypeError(`write: values ${rule} ${found}`));
    expect(() =>
      serializeSafetensors([['a', { dtype: 'F32', shape: [2], data: wrong as unknown as Float32Array }]]),
    ).toThrow(/^serializeSafetensors: tensor "a": data must be a Float32Array or Float64Array: got \w+$/);
  });
});
