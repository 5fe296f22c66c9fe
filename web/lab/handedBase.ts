/**
 * The way of the trained network into the worker: the page asks for it while the worker's code is still on its way, and
 * hands it on.
 */
export const BASE_FILE = 'base-small.bin';

interface Handed {
  /** Nothing where it could not be fetched: the worker then tries for itself, and says what is wrong. */
  readonly shippedBase: ArrayBuffer | undefined;
}

/** In the page. */
export async function handBase(worker: Worker): Promise<void> {
  const shippedBase = await fetch(BASE_FILE)
    .then((response) => (response.ok ? response.arrayBuffer() : undefined))
    .catch(() => undefined);
  const message: Handed = { shippedBase };
  worker.postMessage(message, shippedBase ? [shippedBase] : []);
}

let handed: Promise<ArrayBuffer | undefined> | undefined;

/** In the worker, before the page's first message is looked at. */
export function takeBase(): void {
  handed = new Promise((resolve) => {
    addEventListener('message', ({ data }: MessageEvent<unknown>) => {
      if (data instanceof Object && 'shippedBase' in data) resolve((data as Handed).shippedBase);
    });
  });
}

/** In the worker: what the page has handed it, once. */
export async function handedBase(): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const bytes = await handed;
  handed = undefined;
  return bytes && new Uint8Array(bytes);
}
