/** A network as slow as a phone's between a browser and a server, for all requests. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { StaticServer } from '../../browser/staticServer.js';

export interface Speed {
  /** Bytes per second from the server, over all connections. */
  readonly bytesPerSecond: number;
  /** Round-trip time in milliseconds. */
  readonly latencyMs: number;
}

/** Bytes passed on at a time. */
const PART = 1400;

/** Stands between a browser and a server. */
export function slowNetwork(
  server: StaticServer,
  { bytesPerSecond, latencyMs }: Speed,
): Promise<StaticServer> {
  const target = Number(new URL(server.url).port);
  const sockets = new Set<Socket>();
  const up = inOrder();
  const down = inOrder();
  /** When the line is free again. */
  let free = 0;
  const passDown = (bytes: Buffer, to: Socket) => {
    for (let at = 0; at < bytes.length; at += PART) {
      const part = bytes.subarray(at, at + PART);
      free = Math.max(free, performance.now()) + (1000 * part.length) / bytesPerSecond;
      down(free + latencyMs / 2, () => to.write(part));
    }
  };
  const proxy = createServer((browser) => {
    const upstream = connect(target, '127.0.0.1');
    for (const socket of [browser, upstream]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
    }
    // A connection costs one round trip before the request is sent.
    const opened = performance.now() + latencyMs;
    browser.on('data', (bytes) => {
      up(Math.max(opened, performance.now()) + latencyMs / 2, () => upstream.write(bytes));
    });
    upstream.on('data', (bytes) => passDown(bytes, browser));
    browser.on('close', () => upstream.destroy());
  });
  return new Promise((resolve) => {
    proxy.listen(0, '127.0.0.1', () => {
      // A server on a port has an address of this kind.
      const { port } = proxy.address() as AddressInfo;
      const close = () => {
        proxy.close();
        for (const socket of sockets) socket.destroy();
      };
      resolve({ url: `http://127.0.0.1:${port}/`, close });
    });
  });
}

/** Runs functions at their times and in the order given, since separate timers may overtake each other. */
function inOrder(): (at: number, act: () => void) => void {
  const waiting: { readonly at: number; readonly act: () => void }[] = [];
  const look = () => {
    while (waiting.length > 0 && waiting[0].at <= performance.now()) waiting.shift()?.act();
    if (waiting.length > 0) setTimeout(look, Math.max(1, waiting[0].at - performance.now()));
  };
  return (at, act) => {
    waiting.push({ at, act });
    if (waiting.length === 1) look();
  };
}
