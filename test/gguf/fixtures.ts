/** The files that make_fixtures.py writes. */
import { readFileSync } from 'node:fs';
import { bytesSource } from '../../src/files/byteSource.js';
import { type OpenedGguf, openGguf } from '../../src/gguf/open.js';
import type { GgufType } from '../../src/gguf/types.js';
import { readFloats } from '../../src/safetensors/floats.js';

export const fixtureBytes = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`./fixtures/${name}.gguf`, import.meta.url)));

export const fixture = (name: string): Promise<OpenedGguf> => openGguf(bytesSource(fixtureBytes(name)), name);

export interface FixtureTensor {
  readonly type: GgufType;
  readonly shape: readonly number[];
  readonly count: number;
  readonly bytes: Uint8Array;
}

export async function tensorOf({ tensors }: OpenedGguf, name: string): Promise<FixtureTensor> {
  const tensor = tensors.get(name);
  if (!tensor) throw new Error(`no tensor ${name} in the fixture`);
  const { type, shape } = tensor;
  return {
    type,
    shape,
    count: shape.reduce((product, size) => product * size, 1),
    bytes: await tensor.read(),
  };
}

export async function numbersOf(opened: OpenedGguf, name: string): Promise<Float32Array> {
  return readFloats((await tensorOf(opened, name)).bytes, 'F32');
}
