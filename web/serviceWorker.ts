/**
 * Keeps the page for offline use, and isolates it if the host sends no headers for that, so that threads may share memory.
 * A file is kept only if its checksum is that of this build, and each build has its own cache, so that the page never
 * mixes versions. This file knows nothing of what the page does.
 */

/** Checksums by path, written in by the build: files that the page requires, and files that it may ask for later. */
declare const FIRST: Readonly<Record<string, string>>;
declare const LATER: Readonly<Record<string, string>>;
declare const VERSION: string;

interface LifeEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface RequestEvent extends LifeEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}
/** A service worker's global scope, whose types conflict with those of a page. */
interface Scope {
  readonly registration: ServiceWorkerRegistration;
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(name: 'install' | 'activate' | 'message', listener: (event: LifeEvent) => void): void;
  addEventListener(name: 'fetch', listener: (event: RequestEvent) => void): void;
}

const worker = globalThis as unknown as Scope;
const { scope } = worker.registration;
const FILES: Readonly<Record<string, string>> = { ...FIRST, ...LATER };
/** Start of the names of this page's caches: other pages of this origin have caches too. */
const OURS = `lowrank ${scope} `;
const CACHE = `${OURS}${VERSION}`;

const ISOLATION = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

worker.addEventListener('install', (event) => event.waitUntil(install()));
worker.addEventListener('activate', (event) => event.waitUntil(activate()));
// The page says when it no longer requires the network.
worker.addEventListener('message', (event) => event.waitUntil(keepAll()));
worker.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET' || !request.url.startsWith(scope) || request.headers.has('range')) return;
  event.respondWith(answer(event));
});

/** Takes over at once if it is the first, so that the page is isolated before it draws; otherwise once it is complete. */
async function install(): Promise<void> {
  if (worker.registration.active) await keepAll();
  await worker.skipWaiting();
}

async function activate(): Promise<void> {
  // Caches are listed oldest first. Open pages may still ask for parts of the previous version.
  const others = (await caches.keys()).filter((name) => name.startsWith(OURS) && name !== CACHE);
  await Promise.all(others.slice(0, -1).map((name) => caches.delete(name)));
  await worker.clients.claim();
}

async function answer(event: RequestEvent): Promise<Response> {
  const { request } = event;
  const path = pathOf(request.url);
  const found = (await kept(path)) ?? (isNamedByContent(path) ? await caches.match(request) : undefined);
  if (found) return found;
  const response = await fetch(request);
  // A file of another version is passed on but not kept.
  if (response.status === 200 && Object.hasOwn(FILES, path))
    event.waitUntil(keep(path, response.clone()).catch(() => {}));
  return isolated(response);
}

async function kept(path: string): Promise<Response | undefined> {
  return (await caches.open(CACHE)).match(addressOf(path));
}

/** @throws Error when a required file is not available in this version */
async function keepAll(): Promise<void> {
  await Promise.all([
    ...Object.keys(FIRST).map(async (path) => {
      if ((await kept(path)) || (await keepOlder(path))) return;
      const cache = isNamedByContent(path) ? 'default' : 'no-cache';
      await keep(path, await fetch(addressOf(path), { cache }));
    }),
    ...Object.keys(LATER).map(async (path) => (await kept(path)) ?? (await keepOlder(path))),
  ]);
}

/** Copies a file from the previous version's cache. @returns false if that had another file, or none */
async function keepOlder(path: string): Promise<boolean> {
  const older = await caches.match(addressOf(path));
  return (
    older !== undefined &&
    keep(path, older).then(
      () => true,
      () => false,
    )
  );
}

/** @throws Error when the file is of another version */
async function keep(path: string, response: Response): Promise<void> {
  const bytes = await response.arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  if (hex !== FILES[path]) throw new Error(`${path} is of another version`);
  // The host's other headers are left out: those about the transfer are no longer true.
  const headers = { ...ISOLATION, 'Content-Type': response.headers.get('Content-Type') ?? '' };
  await (await caches.open(CACHE)).put(addressOf(path), new Response(bytes, { headers }));
}

function isolated(response: Response): Response {
  // A redirect for the browser to follow has no body to pass on.
  if (response.status === 0) return response;
  const { status, statusText } = response;
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(ISOLATION)) headers.set(name, value);
  return new Response(response.body, { status, statusText, headers });
}

function isNamedByContent(path: string): boolean {
  return path.startsWith('assets/');
}

function pathOf(url: string): string {
  const { origin, pathname } = new URL(url);
  return decodeURI(`${origin}${pathname}`.slice(scope.length)).replace(/(^|\/)$/, '$1index.html');
}

/** Hosts may redirect `index.html` to its folder. */
function addressOf(path: string): string {
  return new URL(path.replace(/(^|\/)index\.html$/, '$1'), scope).href;
}
