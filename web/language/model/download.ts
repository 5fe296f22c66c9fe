/**
 * Downloads the parts of the model that this browser does not keep, one after the other, so that a closed tab loses at most
 * one of them. It continues by itself after a broken connection, and on request after the visitor paused it.
 */
import { DataError } from 'lowrank';
import type { Loading } from '../api.js';
import type { ModelManifest } from './manifest.js';
import { Pace } from './pace.js';
import { DamagedError, isIntact, type PartialPart, RefusedError, receive } from './receive.js';
import type { Shelf } from './shelf.js';

export interface DownloadOptions {
  readonly manifest: ModelManifest;
  readonly shelf: Shelf;
  readonly urlOf: (index: number) => string;
  readonly told: (loading: Loading) => void;
  readonly fetch: typeof globalThis.fetch;
  /** Locks that stop two tabs from fetching the same part; undefined if the browser has none. */
  readonly locks: Pick<LockManager, 'request'> | undefined;
  /** Fires `online` and `offline`. */
  readonly network: EventTarget;
  /** Milliseconds before each new attempt; the last one repeats. */
  readonly waits?: readonly number[];
  /** Milliseconds without data after which a connection is abandoned. */
  readonly stallMs?: number;
}

/** State of the download of a part. */
interface Work extends PartialPart {
  damages: number;
  refusals: number;
  breaks: number;
}

const MOST_REFUSALS = 5;
const WAITS = [1000, 2000, 5000, 10_000, 20_000];
const STALL_MS = 30_000;

export const lockName = (manifest: ModelManifest, index: number) =>
  `lowrank model ${manifest.sha256} ${index}`;

export class Download {
  /** Resolves when all parts have arrived. */
  readonly finished: Promise<void>;
  readonly #parts: Deferred<Blob>[];
  readonly #pace = new Pace(() => performance.now());
  #whole = 0;
  #partial = 0;
  #isPaused = false;
  #isClosed = false;
  #under = new AbortController();
  /** Ends the current wait. */
  #wake = () => {};

  constructor(private readonly options: DownloadOptions) {
    this.#parts = options.manifest.parts.map(() => deferred<Blob>());
    // Nobody has to wait for them.
    for (const { promise } of this.#parts) promise.catch(() => {});
    this.finished = this.#run();
    this.finished.catch(() => {});
  }

  part(index: number): Promise<Blob> {
    return this.#parts[index].promise;
  }

  pause(): void {
    this.#isPaused = true;
    this.#under.abort();
    this.#wake();
  }

  resume(): void {
    this.#isPaused = false;
    this.#wake();
  }

  close(): void {
    this.#isClosed = true;
    this.#under.abort();
    this.#wake();
  }

  async #run(): Promise<void> {
    const { network } = this.options;
    const online = () => this.#wake();
    const offline = () => this.#under.abort();
    network.addEventListener('online', online);
    network.addEventListener('offline', offline);
    try {
      await this.#bringAll();
    } catch (error) {
      for (const { reject } of this.#parts) reject(error);
      throw error;
    } finally {
      network.removeEventListener('online', online);
      network.removeEventListener('offline', offline);
    }
  }

  async #bringAll(): Promise<void> {
    const { manifest, shelf } = this.options;
    const missing: number[] = [];
    for (const index of manifest.parts.keys()) {
      const blob = await this.#kept(index);
      if (blob) this.#arrived(index, blob);
      else missing.push(index);
    }
    if (missing.length === 0) return;
    await shelf.makeRoom(manifest.fileBytes - this.#whole);
    this.#tell();
    for (const index of missing) await this.#bring(index);
  }

  /** A kept part; one that is damaged or unreadable counts as missing. */
  async #kept(index: number): Promise<Blob | undefined> {
    const { manifest, shelf } = this.options;
    const blob = await shelf.find(index);
    const bytes = await blob?.arrayBuffer().catch(() => undefined);
    return bytes && (await isIntact(new Uint8Array(bytes), manifest.parts[index])) ? blob : undefined;
  }

  #arrived(index: number, blob: Blob): void {
    this.#whole += blob.size;
    this.#partial = 0;
    this.#parts[index].resolve(blob);
  }

  async #bring(index: number): Promise<void> {
    const bytes = new Uint8Array(this.options.manifest.parts[index].bytes);
    const work: Work = { bytes, length: 0, damages: 0, refusals: 0, breaks: 0 };
    for (;;) {
      await this.#mayGoOn();
      this.#under = new AbortController();
      const { length } = work;
      try {
        await this.#locked(index, () => this.#attempt(index, work));
        return;
      } catch (error) {
        if (work.length > length) work.breaks = 0;
        await this.#afterBreak(error, index, work);
      }
    }
  }

  async #locked(index: number, body: () => Promise<void>): Promise<void> {
    const { locks, manifest } = this.options;
    if (!locks) return body();
    await locks.request(lockName(manifest, index), { signal: this.#under.signal }, body);
  }

  async #attempt(index: number, work: Work): Promise<void> {
    const { shelf, urlOf, fetch, manifest, stallMs = STALL_MS } = this.options;
    // Another tab may have fetched it meanwhile.
    const found = await this.#kept(index);
    if (found) return this.#arrived(index, found);
    const under = this.#under;
    let stall = setTimeout(() => under.abort(), stallMs);
    const onBytes = () => {
      clearTimeout(stall);
      stall = setTimeout(() => under.abort(), stallMs);
      this.#partial = work.length;
      if (this.#pace.add(this.#done)) this.#tell();
    };
    try {
      const options = { fetch, signal: under.signal, name: `part ${index + 1}`, onBytes };
      await receive(urlOf(index), work, options);
    } finally {
      clearTimeout(stall);
    }
    if (this.#done === manifest.fileBytes) this.options.told({ stage: 'checking' });
    if (!(await isIntact(work.bytes, manifest.parts[index]))) throw new DamagedError('another checksum');
    this.#arrived(index, await shelf.put(index, work.bytes));
  }

  /** @throws the error that ends the download */
  async #afterBreak(error: unknown, index: number, work: Work): Promise<void> {
    if (error instanceof DataError) throw error;
    if (this.#isClosed || this.#isPaused) return;
    if (error instanceof DamagedError) {
      work.length = 0;
      this.#partial = 0;
      if (++work.damages === 2)
        throw new DataError(`Part ${index + 1} arrived damaged twice.`, { cause: error });
      return;
    }
    if (error instanceof RefusedError && ++work.refusals === MOST_REFUSALS)
      throw new DataError(error.message, { cause: error });
    const { waits = WAITS } = this.options;
    this.#partial = work.length;
    this.#pace.restart();
    this.#tell('offline');
    await this.#sleep(waits[Math.min(work.breaks++, waits.length - 1)]);
  }

  async #mayGoOn(): Promise<void> {
    while (this.#isPaused && !this.#isClosed) {
      this.#pace.restart();
      this.#tell('person');
      await this.#sleep();
    }
    if (this.#isClosed) throw new DataError('The download was stopped.');
  }

  #sleep(ms?: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(() => this.#wake(), ms);
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = () => {};
        resolve();
      };
    });
  }

  get #done(): number {
    return this.#whole + this.#partial;
  }

  #tell(paused?: 'offline' | 'person'): void {
    const { bytesPerSecond } = this.#pace;
    const total = this.options.manifest.fileBytes;
    this.options.told({ stage: 'downloading', done: this.#done, total, bytesPerSecond, paused });
  }
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
}

function deferred<T>(): Deferred<T> {
  let resolve: Deferred<T>['resolve'] = () => {};
  let reject: Deferred<T>['reject'] = () => {};
  const promise = new Promise<T>((yes, no) => {
    [resolve, reject] = [yes, no];
  });
  return { promise, resolve, reject };
}

/** Runs a function while no tab downloads the model. @throws Error if one does */
export async function whileNobodyFetches(
  manifest: ModelManifest,
  locks: Pick<LockManager, 'request'> | undefined,
  body: () => Promise<void>,
): Promise<void> {
  if (!locks) return body();
  const all = manifest.parts.map((_, index) => lockName(manifest, index));
  const holding = ([name, ...others]: readonly string[]): Promise<void> =>
    name === undefined
      ? body()
      : locks.request(name, { ifAvailable: true }, async (lock) => {
          if (!lock) throw new Error('Another tab is downloading the model. Pause it there first.');
          await holding(others);
        });
  await holding(all);
}
