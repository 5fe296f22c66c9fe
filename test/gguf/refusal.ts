import { expect } from 'vitest';
import { DataError } from '../../src/base/errors.js';
import { bytesSource } from '../../src/files/byteSource.js';
import { openGguf } from '../../src/gguf/open.js';
import { type RawFile, rawFile } from './raw.js';

/** The message with which a file is refused. */
export async function refusal(file: RawFile | Uint8Array): Promise<string> {
  const bytes = file instanceof Uint8Array ? file : rawFile(file);
  const error = await openGguf(bytesSource(bytes), 'f').then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(DataError);
  return (error as DataError).message;
}
