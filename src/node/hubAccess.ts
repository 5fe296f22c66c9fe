/** Requests to the Hugging Face Hub: its address, the token, redirects, and the meaning of its refusals. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError } from '../base/errors.js';
import { type Environment, expanded, huggingFaceHome } from './hubCache.js';
import { type HubId, nameOf } from './hubId.js';
import { request } from './request.js';

const DEFAULT_ENDPOINT = 'https://huggingface.co';
const MAX_REDIRECTS = 5;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export interface Hub {
  /** Address of the hub, without a slash at its end. */
  readonly endpoint: string;
  /** Access token, sent only to the endpoint, never to a host that it redirects to. */
  readonly token: string | undefined;
  readonly signal: AbortSignal | undefined;
}

interface HubRequest {
  readonly id: HubId;
  /** Name of the requested file in error messages. */
  readonly name: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether to request only information about a file; a redirect to another host is then the answer. */
  readonly isHead?: boolean;
}

/** @throws DataError for an invalid endpoint or token; no message contains the token */
export async function openHub(env: Environment, signal?: AbortSignal): Promise<Hub> {
  return { endpoint: endpointOf(env), token: await tokenOf(env), signal };
}

/** `$HF_ENDPOINT`, by default https://huggingface.co. @throws DataError as {@link openHub} */
export function endpointOf(env: Environment): string {
  const endpoint = (env.HF_ENDPOINT || DEFAULT_ENDPOINT).replace(/\/+$/, '');
  if (!/^https?:/i.test(endpoint) || !URL.canParse(endpoint))
    throw new DataError(`HF_ENDPOINT: must be an address that begins with https://: ${endpoint}`);
  const { username, password, search, hash } = new URL(endpoint);
  if (username || password || search || hash)
    throw new DataError('HF_ENDPOINT: must be an address without a password, a query or a fragment');
  return endpoint;
}

/** The token in `$HF_TOKEN`, or in the file that the login of Hugging Face's tools has written. */
async function tokenOf(env: Environment): Promise<string | undefined> {
  const set = (env.HF_TOKEN || env.HUGGING_FACE_HUB_TOKEN || '').trim();
  const path = env.HF_TOKEN_PATH ? expanded(env.HF_TOKEN_PATH, env) : join(huggingFaceHome(env), 'token');
  const token = set || (await readFile(path, 'utf8').catch(() => '')).trim();
  // The error of fetch would show a token that cannot be a header's value.
  if (token !== '' && !/^[\x21-\x7e]{1,4096}$/.test(token))
    throw new DataError(`${set ? 'HF_TOKEN' : path}: must be one word of ASCII characters`);
  return token || undefined;
}

/**
 * The hub's answer, or that of the host to which it redirects.
 * @throws DataError when there is no answer, or it is a refusal
 */
export async function askHub(hub: Hub, asked: HubRequest): Promise<Response> {
  const home = new URL(hub.endpoint);
  let address = new URL(asked.url);
  let isAtHome = true;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const response = await send(hub, address, asked, isAtHome);
    const location = REDIRECTS.has(response.status) ? response.headers.get('location') : null;
    // Where a host refuses a range, the whole file is requested.
    if (response.status >= 400 && response.status !== 416) {
      await response.body?.cancel();
      throw isAtHome ? refusal(hub, asked, response) : failure(asked.name, address, response.status);
    }
    if (location === null) return response;
    const next = redirected(address, location, asked.name);
    if (asked.isHead && next.origin !== home.origin) return response;
    await response.body?.cancel();
    // A request that was redirected away from the hub stays without the token, wherever it goes then.
    isAtHome &&= next.origin === home.origin;
    address = next;
  }
  throw new DataError(`${asked.name}: cannot be fetched: more than ${MAX_REDIRECTS} redirects`);
}

function send(
  { token, signal }: Hub,
  address: URL,
  { name, headers, isHead = false }: HubRequest,
  isAtHome: boolean,
): Promise<Response> {
  const authorization = token !== undefined && isAtHome ? { Authorization: `Bearer ${token}` } : {};
  return request(address, `${name}: cannot be fetched from ${address.host}`, {
    method: isHead ? 'HEAD' : 'GET',
    headers: { ...headers, ...authorization },
    redirect: 'manual',
    signal,
  });
}

/**
 * @internal Where a redirect leads.
 * @throws DataError for an address that cannot be a file's, or for http:// after https://, where others could listen
 */
export function redirected(from: URL, location: string, name: string): URL {
  const next = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  const isKept = next?.protocol === from.protocol && /^https?:$/.test(from.protocol);
  if (next && (isKept || next.protocol === 'https:') && !next.username && !next.password) return next;
  throw new DataError(`${name}: cannot be fetched: ${from.host} redirects to an address that is not allowed`);
}

function failure(name: string, { host }: URL, status: number): DataError {
  const advice = status === 429 || status >= 500 ? ': try again later' : '';
  return new DataError(`${name}: cannot be fetched: ${host} answers ${status}${advice}`);
}

/** The meaning of a refusal by the hub itself, and what to do. */
function refusal(hub: Hub, { id, name }: HubRequest, { status, headers }: Response): DataError {
  const home = new URL(hub.endpoint);
  const where = `${home.host} answers ${status}`;
  const code = headers.get('x-error-code');
  if (status === 401 || status === 403)
    return new DataError(`${nameOf(id)}: ${where}: ${whyForbidden(hub, id, status, code)}`);
  if (status !== 404) return failure(name, home, status);
  if (code === 'RevisionNotFound')
    return new DataError(`${id.repository}: ${where}: it has no revision ${id.revision ?? 'main'}`);
  if (code === 'EntryNotFound') return new DataError(`${name}: ${where}: there is no such file`);
  const what = id.revision === undefined ? 'model' : 'model or revision';
  const unseen = hub.token === undefined ? '' : ', or the token may not see it';
  return new DataError(`${nameOf(id)}: ${where}: there is no such ${what}${unseen}`);
}

/** The reason of a 401 or 403; the hub also answers 401 where no model of that name exists. */
function whyForbidden({ endpoint, token }: Hub, id: HubId, status: number, code: string | null): string {
  const page = `${endpoint}/${id.repository}`;
  if (code === 'GatedRepo')
    return token === undefined
      ? `it is gated: accept its terms at ${page} and set HF_TOKEN to a token that may read it`
      : `it is gated: accept its terms at ${page} with the account of the token`;
  if (token === undefined)
    return 'there is no such model, or it is private or gated: check the name, or set HF_TOKEN to a token that may read it';
  return status === 401
    ? 'the token is not valid: set HF_TOKEN to another one'
    : `the token may not read it: give it the permission, or accept the terms at ${page}`;
}
