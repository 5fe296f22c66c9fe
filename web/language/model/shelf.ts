/** The store of the model's parts, with memory for parts that it does not take: the model works either way. */
import { inTime } from '../../inTime.js';
import type { Stored } from '../api.js';
import type { ModelManifest } from './manifest.js';
import { isNamed, memoryStore, type PartStore } from './store.js';

export type Estimate = () => Promise<{ readonly quota?: number; readonly usage?: number }>;

/** Longest wait to read or write a part, which takes much less. */
const PATIENCE_MS = 20_000;

const NOTHING_KEPT = 'This browser keeps no files for this page.';

const mb = (bytes: number) => Math.round(bytes / 1e6);

export class Shelf {
  readonly #memory = memoryStore();
  #isFull = false;
  #reason: string | undefined;

  constructor(
    private readonly manifest: ModelManifest,
    private readonly store: PartStore,
    private readonly estimate: Estimate,
  ) {
    this.#begin();
  }

  #begin(): void {
    this.#isFull = false;
    this.#reason = this.store.place === 'memory' ? NOTHING_KEPT : undefined;
  }

  /** Deletes everything, in memory too. */
  async clear(): Promise<void> {
    await inTime(this.store.clear(), PATIENCE_MS);
    await this.#memory.clear();
    this.#begin();
  }

  async find(index: number): Promise<Blob | undefined> {
    const { bytes } = this.manifest.parts[index];
    const inMemory = await this.#memory.get(index, bytes);
    return (inMemory ?? (await this.#kept(index)))?.blob;
  }

  /** Checks for room; if there is not enough for this many bytes, nothing more is written. */
  async makeRoom(bytes: number): Promise<void> {
    const { quota, usage = 0 } = await inTime(this.estimate()).catch(() => ({ quota: undefined, usage: 0 }));
    if (quota === undefined || quota - usage >= bytes) return;
    this.#isFull = true;
    this.#reason = `This browser offers ${mb(Math.max(0, quota - usage))} MB.`;
  }

  async put(index: number, bytes: Uint8Array<ArrayBuffer>): Promise<Blob> {
    if (!this.#isFull) {
      try {
        await inTime(this.store.put(index, bytes), PATIENCE_MS);
        const kept = await this.#kept(index);
        if (kept) return kept.blob;
        this.#reason = NOTHING_KEPT;
      } catch (error) {
        await this.#explain(error);
      }
      this.#isFull = true;
    }
    await this.#memory.put(index, bytes);
    const kept = await this.#memory.get(index, bytes.length);
    return kept?.blob ?? new Blob([bytes]);
  }

  async stored(): Promise<Stored> {
    const { fileBytes: total, parts } = this.manifest;
    const whole = await Promise.all(parts.map((_, index) => this.#kept(index)));
    const found = whole.filter((part) => part !== undefined);
    const isMemory = this.store.place === 'memory';
    const bytes = isMemory ? 0 : found.reduce((sum, { blob }) => sum + blob.size, 0);
    const since = bytes > 0 ? Math.max(...found.map((part) => part.since)) : undefined;
    const place = this.#reason ? 'memory' : this.store.place;
    return { bytes, total, since, place, reason: this.#reason && `${this.#reason} ${again(total, bytes)}` };
  }

  /** A kept part; one that cannot be read counts as missing. */
  #kept(index: number) {
    const part = this.store.get(index, this.manifest.parts[index].bytes);
    return inTime(part, PATIENCE_MS).catch(() => undefined);
  }

  async #explain(error: unknown): Promise<void> {
    if (!isNamed(error, 'QuotaExceededError')) {
      this.#reason = NOTHING_KEPT;
      return;
    }
    const { quota } = await inTime(this.estimate()).catch(() => ({ quota: undefined }));
    this.#reason =
      quota === undefined ? 'This browser has no room for it.' : `This browser offers ${mb(quota)} MB.`;
  }
}

function again(total: number, kept: number): string {
  if (kept === 0) return 'The model works now but must be downloaded again next time.';
  return `The model works now but ${mb(total - kept)} MB of it must be downloaded again next time.`;
}
