/** Files of a folder over HTTP, as any static host serves them. */
import { readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { gzipSync } from 'node:zlib';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
};
/** As hosts do: other files are taken to be compressed already. */
const GZIPPED = /^(text\/|application\/(json|wasm|manifest))/;

export interface StaticServer {
  /** Address with a slash at its end. */
  readonly url: string;
  close(): void;
}

export interface ServeOptions {
  readonly gzip?: boolean;
  /** Called for each file that is sent with its path without a slash at its beginning, and bytes of the body. */
  readonly onSent?: (path: string, bytes: number) => void;
}

export function serveFolder(
  folder: string,
  headers: Record<string, string> = {},
  { gzip = false, onSent = () => {} }: ServeOptions = {},
): Promise<StaticServer> {
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://host').pathname));
    const file = join(folder, path.endsWith('/') ? `${path}index.html` : path);
    if (!statSync(file, { throwIfNoEntry: false })?.isFile()) {
      response.writeHead(404).end();
      return;
    }
    const type = TYPES[extname(file)] ?? 'application/octet-stream';
    const isGzipped = gzip && GZIPPED.test(type);
    const body = isGzipped ? gzipSync(readFileSync(file)) : readFileSync(file);
    response.writeHead(200, {
      'Content-Type': type,
      'Content-Length': body.length,
      ...(isGzipped ? { 'Content-Encoding': 'gzip' } : {}),
      ...headers,
    });
    response.end(body);
    onSent(path.slice(1), body.length);
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      // A server on a port has an address of this kind.
      const { port } = server.address() as AddressInfo;
      const close = () => {
        server.close();
        server.closeAllConnections();
      };
      resolve({ url: `http://127.0.0.1:${port}/`, close });
    });
  });
}
