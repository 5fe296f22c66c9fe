/** Oracles: what was written, and the invariants of any file that parses. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataError } from '../../src/base/errors.js';
import {
  parseSafetensors,
  serializeSafetensors,
  toFloat32,
  type WritableTensor,
} from '../../src/safetensors/safetensors.js';

const fixture = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../fixtures/safetensors/${name}.safetensors`, import.meta.url)));

/** A file with the given header and number of data bytes. */
function file(header: string, dataLength: number): Uint8Array {
  const text = new TextEncoder().encode(header);
  const out = new Uint8Array(8 + text.length + dataLength);
  new DataView(out.buffer).setUint32(0, text.length, true);
  out.set(text, 8);
  return out;
}

describe('safetensors, fuzzed', () => {
  const text = fc.string({ unit: 'binary', maxLength: 8 });
  const tensor = fc.array(fc.nat(4), { maxLength: 3 }).chain((shape) => {
    const length = shape.reduce((product, size) => product * size, 1);
    return fc
      .float32Array({ minLength: length, maxLength: length })
      .map((data): WritableTensor => ({ dtype: 'F32', shape, data }));
  });
  const names = text.filter((name) => name !== '__metadata__');
  const maps = fc.array(fc.tuple(names, tensor), { maxLength: 5 }).map((pairs) => new Map(pairs));

  /** Parses, or fails with one line of DataError; what parses covers the file exactly. */
  function check(bytes: Uint8Array): void {
    try {
      const { tensors, metadata } = parseSafetensors(bytes, 'fuzz');
      let position = 8 + Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
      for (const tensor of tensors.values()) {
        expect(tensor.bytes.byteOffset).toBe(bytes.byteOffset + position);
        position += tensor.bytes.length;
        if (tensor.dtype !== 'F32') continue;
        expect(tensor.bytes.length).toBe(tensor.shape.reduce((product, size) => product * size, 4));
      }
      expect(position).toBe(bytes.length);
      expect(Object.values(metadata).every((value) => typeof value === 'string')).toBe(true);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      expect(error.message).toMatch(/^fuzz: [^\n]+$/);
    }
  }

  it('reads what was written', () => {
    fc.assert(
      fc.property(maps, fc.dictionary(text, text, { maxKeys: 3 }), (written, metadata) => {
        const bytes = serializeSafetensors(written, metadata);
        const read = parseSafetensors(bytes, 'f');
        expect(Object.entries(read.metadata).sort()).toEqual(Object.entries(metadata).sort());
        expect([...read.tensors.keys()].sort()).toEqual([...written.keys()].sort());
        for (const [name, { shape, data }] of written) {
          const found = read.tensors.get(name);
          expect(found?.shape).toEqual(shape);
          expect(found && toFloat32(found, name)).toEqual(data);
        }
        expect(serializeSafetensors([...written].reverse(), metadata)).toEqual(bytes);
      }),
      { numRuns: 300 },
    );
  });

  it('survives random bytes, and random text as a header', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), check), { numRuns: 500 });
    const pieces = [
      '{',
      '}',
      '[',
      ']',
      ':',
      ',',
      '"',
      '\\',
      'u0061',
      '"a"',
      '"dtype"',
      '"shape"',
      '"data_offsets"',
    ];
    const token = fc.constantFrom(
      ...pieces,
      '"__metadata__"',
      '"U8"',
      '[0,0]',
      '0',
      '1',
      '-',
      '1e9',
      ' ',
      '\n',
      'null',
    );
    const header = fc.oneof(
      fc.json(),
      text,
      fc.array(token, { maxLength: 20 }).map((tokens) => `{${tokens.join('')}`),
    );
    fc.assert(
      fc.property(header, fc.nat(4), (json, length) => check(file(json, length))),
      { numRuns: 2000 },
    );
  });

  it('survives valid files that were flipped, cut and stretched', () => {
    const edit = fc.record({ kind: fc.nat(3), at: fc.nat(), byte: fc.nat(255) });
    const sources = fc.oneof(
      fc.constantFrom(fixture('f32'), fixture('mixed')),
      maps.map((map) => serializeSafetensors(map, { format: 'pt' })),
    );
    fc.assert(
      fc.property(sources, fc.array(edit, { minLength: 1, maxLength: 3 }), (source, edits) => {
        const bytes = [...source];
        for (const { kind, at, byte } of edits) {
          const position = at % (bytes.length + 1);
          if (kind === 0) bytes.splice(position, 1, byte);
          else if (kind === 1) bytes.splice(position, 1, (bytes[position] ?? 0) ^ (1 << (byte % 8)));
          else if (kind === 2) bytes.splice(position);
          else bytes.splice(position, 0, byte);
        }
        check(Uint8Array.from(bytes));
      }),
      { numRuns: 3000 },
    );
  });

  it('survives headers of valid JSON whose numbers, names and types were changed', () => {
    const number = fc.oneof(fc.nat(12), fc.constantFrom(-1, 0.5, 2 ** 31, 2 ** 53, 1e300));
    const changed = fc.record(
      {
        dtype: fc.constantFrom<unknown[]>('F32', 'U8', 'F4', 'BF16', 'X', null, 1),
        shape: fc.array(number, { maxLength: 3 }),
        data_offsets: fc.array(number, { minLength: 1, maxLength: 3 }),
      },
      { requiredKeys: [] },
    );
    const header = fc.dictionary(fc.constantFrom('a', 'b', '__metadata__'), changed, { maxKeys: 3 });
    fc.assert(
      fc.property(header, fc.nat(24), (json, length) => check(file(JSON.stringify(json), length))),
      { numRuns: 2000 },
    );
  });
});
