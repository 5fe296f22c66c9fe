/** Standard input as text. */
import { addAbortSignal } from 'node:stream';
import { DataError } from '../core.js';
import { reasonOf } from '../node/files.js';

/**
 * All of standard input.
 * @param signal  ends the reading, with its reason
 * @throws DataError where it cannot be read, or is not UTF-8
 */
export async function standardInput(signal: AbortSignal): Promise<string> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of addAbortSignal(signal, process.stdin)) chunks.push(chunk as Uint8Array);
  } catch (error) {
    signal.throwIfAborted();
    throw new DataError(`standard input: cannot be read: ${reasonOf(error)}`, { cause: error });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks));
  } catch (error) {
    throw new DataError('standard input: must be text in UTF-8', { cause: error });
  }
}
