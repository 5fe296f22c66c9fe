/** Requests to the Hugging Face Hub: its address, the token, redirects, and what its refusals mean. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError } from '../base/errors.js';
import { reasonOf } from './files.js';
import { type Environment, expanded, huggingFaceHome } from './hubCache.js';
import { type HubId, nameOf } from './hubId.js';

const DEFAULT_ENDPOINT = 'https://huggingface.co';
const MAX_REDIRECTS = 5;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export interface Hub {
  /** The address without a slash at its end. */
  readonly endpoint: string;
  /** Sent to the endpoint alone, never to a host that it redirects to. */
  readonly token: string | undefined;
  readonly signal: AbortSignal | undefined;
}

interface HubRequest {
  readonly id: HubId;
  /** What errors call it. */
  readonly name: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Asks for what is known of a file; a redirect to another host is the answer then. */
  readonly isHead?: boolean;
}

/** @throws DataError for an endpoint or a token that cannot be one; no message holds the token */
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

/** `$HF_TOKEN`, or what the login of Hugging Face's tools has left in a file. */
async function tokenOf(env: Environment): Promise<string | undefined> {
  const set = (env.HF_TOKEN || env.HUGGING_FACE_HUB_TOKEN || '').trim();
  const path = env.HF_TOKEN_PATH ? expanded(env.HF_TOKEN_PATH, env) : join(huggingFaceHome(env), 'token');
  const token = set || (await readFile(path, 'utf8').catch(() => '')).trim();
  // What cannot be a header's value would be shown by the error of fetch.
  if (token !== '' && !/^[\x21-\x7e]{1,4096}$/.test(token))
    throw new DataError(`${set ? 'HF_TOKEN' : path}: must be one word of ASCII characters`);
  return token || undefined;
}

/**
 * The hub's answer, or that of the host where it redirects to.
 * @throws DataError when none comes, or it is a refusal
 */
export async function askHub(hub: Hub, request: HubRequest): Promise<Response> {
  const home = new URL(hub.endpoint);
  let address = new URL(request.url);
  let isAtHome = true;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const response = await send(hub, address, request, isAtHome);
    const location = REDIRECTS.has(response.status) ? response.headers.get('location') : null;
    // Parts that a host does not give are asked for as a whole.
    if (response.status >= 400 && response.status !== 416) await refuse(hub, request, response);
    if (location === null) return response;
    const next = redirected(address, location, request.name);
    if (request.isHead && next.origin !== home.origin) return response;
    await response.body?.cancel();
    // Whoever was sent away from home stays without the token, wherever it goes then.
    isAtHome &&= next.origin === home.origin;
    address = next;
  }
  throw new DataError(`${request.name}: cannot be fetched: more than ${MAX_REDIRECTS} redirects`);
}

async function send(
  { token, signal }: Hub,
  address: URL,
  { name, headers, isHead = false }: HubRequest,
  isAtHome: boolean,
): Promise<Response> {
  const authorization = token !== undefined && isAtHome ? { Authorization: `Bearer ${token}` } : {};
  try {
    return await fetch(address, {
      method: isHead ? 'HEAD' : 'GET',
      headers: { ...headers, ...authorization, 'Accept-Encoding': 'identity' },
      redirect: 'manual',
      signal: signal ?? null,
    });
  } catch (error) {
    signal?.throwIfAborted();
    const { cause } = error as { readonly cause?: unknown };
    throw new DataError(`${name}: cannot be fetched from ${address.host}: ${reasonOf(cause ?? error)}`, {
      cause: error,
    });
  }
}

/** @throws DataError for an address that is none, or that a connection could be listened to at */
function redirected(from: URL, location: string, name: string): URL {
  const isAddress = URL.canParse(location, from.href);
  const next = isAddress ? new URL(location, from) : undefined;
  const isFit =
    next && (next.protocol === 'https:' || (next.protocol === 'http:' && from.protocol === 'http:'));
  if (isFit && !next.username && !next.password) return next;
  throw new DataError(`${name}: cannot be fetched: ${from.host} redirects to an address that is not taken`);
}

/** @throws DataError always */
async function refuse(hub: Hub, { id, name }: HubRequest, response: Response): Promise<never> {
  await response.body?.cancel();
  const where = `${new URL(hub.endpoint).host} answers ${response.status}`;
  const code = response.headers.get('x-error-code');
  if (response.status === 401 || response.status === 403)
    throw new DataError(`${nameOf(id)}: ${where}: ${whyForbidden(hub, id, response.status, code)}`);
  if (response.status !== 404) {
    const advice = response.status === 429 || response.status >= 500 ? ': try again later' : '';
    throw new DataError(`${name}: cannot be fetched: ${where}${advice}`);
  }
  if (code === 'RevisionNotFound')
    throw new DataError(`${id.repository}: ${where}: it has no revision ${id.revision ?? 'main'}`);
  if (code === 'EntryNotFound') throw new DataError(`${name}: ${where}: there is no such file`);
  const what = id.revision === undefined ? 'model' : 'model or revision';
  throw new DataError(`${nameOf(id)}: ${where}: there is no such ${what}, or the token may not see it`);
}

/** The hub answers 401 also where nobody has a model of that name. */
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
