/**
 * The Hugging Face Hub's protocol on two ports: the hub itself, and the host to which it redirects for large files.
 * @see https://huggingface.co/docs/hub/api
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type FileServer, serveFiles } from '../files/server.js';

export const COMMIT = 'c0ffee0123456789abcdef0123456789abcdef01';
/** Size from which files are on the other host, as with Git LFS. */
const LARGE = 10_000;

export interface HubServer {
  readonly url: string;
  /** The host of large files, with names by their checksum. */
  readonly storage: FileServer;
  /** The files of each repository, which has one commit and the branch main. */
  readonly repositories: Map<string, Map<string, Uint8Array>>;
  /** What was asked of the hub: `GET /path`, with ` token` where one was sent. */
  readonly requests: string[];
  /** What reading takes, if anything. */
  token: string | undefined;
  /** Answers in place of the hub where it returns true. */
  fault: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
  /** Changes the list of files before it is sent. */
  list: ((siblings: Record<string, unknown>[]) => unknown) | undefined;
  close(): void;
}

export const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const blobId = (bytes: Uint8Array) =>
  createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');

function sibling(name: string, bytes: Uint8Array): Record<string, unknown> {
  const isLarge = bytes.length >= LARGE;
  const lfs = { sha256: sha256(bytes), size: bytes.length, pointerSize: 130 };
  // The blob of a large file is its pointer.
  const pointer = new TextEncoder().encode(lfs.sha256);
  return {
    ...{ rfilename: name, size: bytes.length, blobId: blobId(isLarge ? pointer : bytes) },
    ...(isLarge ? { lfs } : {}),
  };
}

export async function serveHub(): Promise<HubServer> {
  const storage = await serveFiles();
  const server = createServer((request, response) => answer(hub, request, response));
  const hub: HubServer = {
    ...{ url: '', storage, repositories: new Map(), requests: [] },
    ...{ token: undefined, fault: undefined, list: undefined },
    close: () => {
      storage.close();
      server.close();
      server.closeAllConnections();
    },
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A server on a port has an address of this kind.
  const { port } = server.address() as AddressInfo;
  return Object.assign(hub, { url: `http://127.0.0.1:${port}` });
}

function answer(hub: HubServer, request: IncomingMessage, response: ServerResponse): void {
  const { method, url = '', headers } = request;
  hub.requests.push(`${method} ${url}${headers.authorization ? ' token' : ''}`);
  if (hub.fault?.(request, response)) return;
  const refuse = (status: number, code: string) =>
    response.writeHead(status, { 'X-Error-Code': code, 'X-Error-Message': code }).end();
  const [, api, id = '', revision = '', file = ''] =
    /^(?:\/(api\/models))?\/([^/]+\/[^/]+)\/(?:revision|resolve)\/([^/?]+)(?:\/([^?]+))?/.exec(url) ?? [];
  const files = hub.repositories.get(id);
  if (hub.token !== undefined && headers.authorization !== `Bearer ${hub.token}`)
    return void refuse(401, 'RepoNotFound');
  if (!files) return void refuse(404, 'RepoNotFound');
  if (!['main', 'v1', 'refs/pr/1', COMMIT].includes(decodeURIComponent(revision)))
    return void refuse(404, 'RevisionNotFound');
  if (api) {
    const siblings = Array.from(files, ([name, bytes]) => sibling(name, bytes));
    const json = { id, modelId: id, sha: COMMIT, siblings: hub.list?.(siblings) ?? siblings };
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(json));
    return;
  }
  const bytes = files.get(file.split('/').map(decodeURIComponent).join('/'));
  if (!bytes) return void refuse(404, 'EntryNotFound');
  sendFile(hub, bytes, request, response);
}

function sendFile(
  { storage }: HubServer,
  bytes: Uint8Array,
  { method }: IncomingMessage,
  response: ServerResponse,
): void {
  const facts = { 'X-Repo-Commit': COMMIT };
  if (bytes.length < LARGE) {
    const headers = { ...facts, ETag: `"${blobId(bytes)}"`, 'Content-Length': bytes.length };
    response.writeHead(200, headers).end(method === 'HEAD' ? undefined : bytes);
    return;
  }
  const name = sha256(bytes);
  // A test may have put others in their place.
  if (!storage.files.has(name)) storage.files.set(name, bytes);
  response
    .writeHead(302, {
      ...{ ...facts, Location: `${storage.url}${name}` },
      ...{ 'X-Linked-Etag': `"${name}"`, 'X-Linked-Size': bytes.length },
    })
    .end();
}
