/** An HTTP request whose failure gives the reason in words. */
import { DataError } from '../base/errors.js';
import { hasCode } from './directories.js';
import { reasonOf } from './files.js';

export interface RequestInput {
  readonly method?: 'GET' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
  readonly redirect?: 'follow' | 'manual';
  readonly signal?: AbortSignal | undefined;
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ['EAI_AGAIN', 'the host name cannot be resolved, as happens without a network'],
  ['ECONNREFUSED', 'the connection is refused'],
  ['ECONNRESET', 'the connection was cut'],
  ['EHOSTUNREACH', 'the host cannot be reached'],
  ['ENETUNREACH', 'the network cannot be reached'],
  ['ENOTFOUND', 'the host is unknown, or there is no network'],
  ['UND_ERR_BODY_TIMEOUT', 'the host stopped sending'],
  ['UND_ERR_CONNECT_TIMEOUT', 'the host does not answer'],
  ['UND_ERR_HEADERS_TIMEOUT', 'the host does not answer'],
  ['UND_ERR_SOCKET', 'the connection was cut'],
]);

/**
 * Requests the bytes as they are, without compression.
 * @param what  beginning of the error message
 * @throws DataError when there is no answer; the reason of the signal when it ends the request
 */
export async function request(
  address: string | URL,
  what: string,
  { headers, signal, ...input }: RequestInput,
): Promise<Response> {
  try {
    return await fetch(address, {
      ...input,
      headers: { ...headers, 'Accept-Encoding': 'identity' },
      signal: signal ?? null,
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw new DataError(`${what}: ${connectionReason(error)}`, { cause: error });
  }
}

/** Why a request, or the reading of its answer, failed: `the connection was cut (ECONNRESET)`. */
export function connectionReason(error: unknown): string {
  // The error of fetch only says that it failed; its cause says why.
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  for (const [code, words] of REASONS) if (hasCode(cause, code)) return `${words} (${code})`;
  return reasonOf(cause);
}
