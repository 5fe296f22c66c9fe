/** Files over HTTP, by ranges or not, and with the faults that hosts have. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FileServer {
  readonly url: string;
  readonly files: Map<string, Uint8Array>;
  /** The requests: `GET /name bytes=0-7`, with ` token` where one was sent. */
  readonly requests: string[];
  /** Answers in place of the server where it returns true. */
  fault: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
  close(): void;
}

export function serveFiles(): Promise<FileServer> {
  const files = new Map<string, Uint8Array>();
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const token = request.headers.authorization ? ' token' : '';
    requests.push(`${request.method} ${request.url} ${request.headers.range ?? ''}${token}`);
    if (served.fault?.(request, response)) return;
    const bytes = files.get(decodeURIComponent((request.url ?? '').slice(1)));
    if (!bytes) {
      response.writeHead(404).end();
      return;
    }
    const etag = `"${bytes.length}-${bytes.at(-1)}"`;
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    const ifRange = request.headers['if-range'];
    if (first === undefined || (ifRange !== undefined && ifRange !== etag)) {
      response.writeHead(200, { etag, 'Content-Length': bytes.length }).end(bytes);
    } else if (Number(first) >= bytes.length) {
      response.writeHead(416, { 'Content-Range': `bytes */${bytes.length}` }).end();
    } else {
      const end = Math.min(Number(last), bytes.length - 1);
      const range = `bytes ${first}-${end}/${bytes.length}`;
      response.writeHead(206, { etag, 'Content-Range': range }).end(bytes.subarray(Number(first), end + 1));
    }
  });
  const served: FileServer = {
    url: '',
    files,
    requests,
    fault: undefined,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      // The address of a server on a port has this type.
      const { port } = server.address() as AddressInfo;
      resolve(Object.assign(served, { url: `http://127.0.0.1:${port}/` }));
    });
  });
}
