/**
 * Hands the trained network to the worker: the page fetches it while the worker's code is still loading.
 */
export const BASE_FILE = 'base-small.bin';

interface Handed {
  /** Undefined bytes mean that the fetch failed: the worker then tries again itself, and reports what is wrong. */
  readonly shippedBase: ArrayBuffer | undefined;
}

/** Fetches the network and hands it over; runs in the page. */
export async function handBase(worker: Worker): Promise<void> {
  const shippedBase = await fetch(BASE_FILE)
    .then((response) => (response.ok ? response.arrayBuffer() : undefined))
    .catch(() => undefined);
  const message: Handed = { shippedBase };
  worker.postMessage(message, shippedBase ? [shippedBase] : []);
}

let handed: Promise<ArrayBuffer | undefined> | undefined;

/** Listens for the network; runs in the worker, before it reads the page's first message. */
export function takeBase(): void {
  handed = new Promise((resolve) => {
    addEventListener('message', ({ data }: MessageEvent<unknown>) => {
      if (data instanceof Object && 'shippedBase' in data) resolve((data as Handed).shippedBase);
    });
  });
}

/** Takes what the page has handed over, once; runs in the worker. */
export async function handedBase(): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const bytes = await handed;
  handed = undefined;
  return bytes && new Uint8Array(bytes);
}
