/** The download of the model's parts: interruptions, damage, pauses, and what is fetched twice. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Loading } from '../../../web/language/api.js';
import { Download, type DownloadOptions } from '../../../web/language/model/download.js';
import type { ModelManifest } from '../../../web/language/model/manifest.js';
import { partsSource } from '../../../web/language/model/partsSource.js';
import { type Estimate, Shelf } from '../../../web/language/model/shelf.js';
import { memoryStore, type PartStore } from '../../../web/language/model/store.js';

const PART = 1000;
const file = Uint8Array.from({ length: 5500 }, (_, i) => (i * 7 + (i >> 8)) % 256);
const partOf = (index: number) => file.slice(index * PART, (index + 1) * PART);
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

const manifest: ModelManifest = {
  ...{ name: 'model', architecture: 'llama', parameters: 1, neededBytes: 1, contextLength: 1, layers: 1 },
  ...{ hasTokenizer: true, license: 'none', fileBytes: file.length, sha256: sha256(file) },
  parts: [0, 1, 2, 3, 4, 5].map((i) => ({ bytes: partOf(i).length, sha256: sha256(partOf(i)) })),
};

/** A store that stays from one visit to the next, as files do. */
const fileStore = (): PartStore => ({ ...memoryStore(), place: 'files' });

interface Host {
  readonly fetch: typeof fetch;
  /** Bytes of the body that were sent, by part. */
  readonly sent: number[];
  readonly asked: string[];
  /** Bytes after which the connection breaks. */
  breakAt: number;
  /** What becomes of a part's bytes. */
  change: (index: number, bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;
  hasRanges: boolean;
}

/** Sends in pieces of 100 bytes. */
function makeHost(): Host {
  let all = 0;
  const host: Host = {
    sent: manifest.parts.map(() => 0),
    asked: [],
    breakAt: Number.POSITIVE_INFINITY,
    change: (_, bytes) => bytes,
    hasRanges: true,
    fetch: async (url, init) => {
      const index = Number(url);
      const range = new Headers(init?.headers).get('Range');
      host.asked.push(range ? `${index} ${range}` : `${index}`);
      if (all >= host.breakAt) throw new TypeError('Failed to fetch');
      const from = host.hasRanges && range ? Number(/\d+/.exec(range)?.[0]) : 0;
      const bytes = host.change(index, partOf(index));
      let at = from;
      const body = new ReadableStream<Uint8Array>({
        async pull(controller) {
          await new Promise((resolve) => setTimeout(resolve));
          if (init?.signal?.aborted) return controller.error(new DOMException('aborted', 'AbortError'));
          if (all >= host.breakAt) return controller.error(new TypeError('network error'));
          if (at >= bytes.length) return controller.close();
          const piece = bytes.slice(at, at + 100);
          at += piece.length;
          all += piece.length;
          host.sent[index] += piece.length;
          controller.enqueue(piece);
        },
      });
      const headers = { 'Content-Range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
      return from > 0 ? new Response(body, { status: 206, headers }) : new Response(body);
    },
  };
  return host;
}

const plenty: Estimate = async () => ({ quota: 1e9, usage: 0 });

function open(
  host: Host,
  store: PartStore,
  options: Partial<DownloadOptions> = {},
  estimate = plenty,
  shelf = new Shelf(manifest, store, estimate),
) {
  const told: Loading[] = [];
  const network = new EventTarget();
  const download = new Download({
    ...{ manifest, shelf, network, fetch: host.fetch, locks: undefined, waits: [5] },
    urlOf: String,
    told: (loading) => told.push(loading),
    ...options,
  });
  const sizes = manifest.parts.map(({ bytes }) => bytes);
  const source = partsSource(sizes, (index) => download.part(index), 'model');
  return { download, source, told, shelf, network };
}

const sum = (values: readonly number[]) => values.reduce((all, each) => all + each, 0);
const pausesOf = (told: readonly Loading[]) =>
  told.flatMap((each) => (each.stage === 'downloading' && each.paused ? [each.paused] : []));
const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
};

describe('a download', () => {
  it('brings all parts in order, and reads wait for those that they touch', async () => {
    const { download, source, told, shelf } = open(makeHost(), fileStore());
    // Across a border of two parts.
    expect(await source.read(950, 120)).toEqual(file.slice(950, 1070));
    expect((await shelf.stored()).bytes).toBeLessThan(file.length);
    await download.finished;
    expect(await source.read(0, file.length)).toEqual(file);
    expect(told.at(-1)).toEqual({ stage: 'checking' });
    await expect(source.read(5499, 2)).rejects.toThrow('are requested of 5500');
  });

  it('fetches nothing that is kept', async () => {
    const store = fileStore();
    await open(makeHost(), store).download.finished;
    const host = makeHost();
    const { download, source, told } = open(host, store);
    await download.finished;
    expect(await source.read(0, file.length)).toEqual(file);
    expect(host.asked).toEqual([]);
    expect(told).toEqual([]);
  });

  it('fetches no more than a part twice when the tab is closed at 41 %', async () => {
    const store = fileStore();
    const host = makeHost();
    host.breakAt = 0.41 * file.length;
    const first = open(host, store);
    await until(() => pausesOf(first.told).includes('offline'));
    first.download.close();
    await expect(first.download.finished).rejects.toThrow('The download was stopped.');
    host.breakAt = Number.POSITIVE_INFINITY;
    const { download, source } = open(host, store);
    await download.finished;
    expect(await source.read(0, file.length)).toEqual(file);
    expect(sum(host.sent) - file.length).toBeGreaterThan(0);
    expect(sum(host.sent) - file.length).toBeLessThanOrEqual(PART);
  });

  it.each([true, false])(
    'continues by itself after an interruption; the server gives ranges: %s',
    async (hasRanges) => {
      const host = makeHost();
      Object.assign(host, { hasRanges, breakAt: 1450 });
      const { download, source, told, network } = open(host, fileStore(), { waits: [60_000] });
      await until(() => pausesOf(told).includes('offline'));
      expect(told.at(-1)).toMatchObject({ done: 1500, total: 5500, bytesPerSecond: 0 });
      host.breakAt = Number.POSITIVE_INFINITY;
      network.dispatchEvent(new Event('online'));
      await download.finished;
      expect(await source.read(0, file.length)).toEqual(file);
      expect(host.asked.slice(0, 3)).toEqual(['0', '1', '1 bytes=500-']);
      expect(sum(host.sent) - file.length).toBe(hasRanges ? 0 : 500);
    },
  );

  it('stops when the visitor pauses it, and continues on request', async () => {
    const host = makeHost();
    const { download, source, told } = open(host, fileStore());
    await until(() => sum(host.sent) > 2300);
    download.pause();
    await until(() => pausesOf(told).includes('person'));
    const then = sum(host.sent);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(sum(host.sent)).toBe(then);
    download.resume();
    await download.finished;
    expect(await source.read(0, file.length)).toEqual(file);
  });

  it('gives up a connection that says nothing', async () => {
    const host = makeHost();
    const { fetch } = host;
    let isFirst = true;
    const silent: typeof fetch = (url, init) => {
      if (!isFirst) return fetch(url, init);
      isFirst = false;
      return new Promise((_, reject) =>
        init?.signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError'))),
      );
    };
    const { download, told } = open(host, fileStore(), { fetch: silent, stallMs: 20 });
    await download.finished;
    expect(pausesOf(told)).toEqual(['offline']);
  });

  it('fetches a damaged part once more', async () => {
    const host = makeHost();
    let times = 0;
    host.change = (index, bytes) => (index === 2 && times++ === 0 ? bytes.fill(0, 10, 20) : bytes);
    const { download, source } = open(host, fileStore());
    await download.finished;
    expect(host.asked).toEqual(['0', '1', '2', '2', '3', '4', '5']);
    expect(await source.read(0, file.length)).toEqual(file);
  });

  it.each([
    ['changed', (bytes: Uint8Array<ArrayBuffer>) => bytes.fill(0, 10, 20)],
    ['too short', (bytes: Uint8Array<ArrayBuffer>) => bytes.slice(1)],
    ['too long', (bytes: Uint8Array<ArrayBuffer>) => Uint8Array.from([...bytes, 1])],
  ])('says so where a part arrives damaged twice: %s', async (_, damage) => {
    const host = makeHost();
    host.change = (index, bytes) => (index === 2 ? damage(bytes) : bytes);
    const store = fileStore();
    const { download, source, shelf } = open(host, store);
    const waiting = source.read(4000, 10);
    await expect(download.finished).rejects.toThrow(/^Part 3 arrived damaged twice\.$/);
    await expect(waiting).rejects.toThrow('Part 3 arrived damaged twice.');
    expect((await shelf.stored()).bytes).toBe(2 * PART);
    // Opened again, it continues from there.
    host.change = (_index, bytes) => bytes;
    await open(host, store).download.finished;
    expect(host.asked.filter((each) => each === '0')).toHaveLength(1);
  });

  it('fetches a part again that was damaged where it was kept, and no other', async () => {
    const store = fileStore();
    await open(makeHost(), store).download.finished;
    await store.put(2, partOf(2).fill(0, 10, 20));
    const host = makeHost();
    const { download, source } = open(host, store);
    await download.finished;
    expect(host.asked).toEqual(['2']);
    expect(await source.read(0, file.length)).toEqual(file);
    // The kept part is repaired for the next visit too.
    await open(host, store).download.finished;
    expect(host.asked).toEqual(['2']);
  });

  it('says so where the host does not have a part, or only answers with errors', async () => {
    const missing: typeof fetch = async () => new Response('', { status: 404 });
    await expect(open(makeHost(), fileStore(), { fetch: missing }).download.finished).rejects.toThrow(
      'The server did not send part 1 of the model (it answered 404). Reload the page.',
    );
    const busy: typeof fetch = async () => new Response('', { status: 503 });
    await expect(
      open(makeHost(), fileStore(), { fetch: busy, waits: [1] }).download.finished,
    ).rejects.toThrow('The server answered 503 for part 1 of the model. Try again later.');
  });

  it('shares the work with another tab', async () => {
    const host = makeHost();
    const store = fileStore();
    const locks = navigatorLocks();
    const [one, two] = [open(host, store, { locks }), open(host, store, { locks })];
    await Promise.all([one.download.finished, two.download.finished]);
    expect(await two.source.read(0, file.length)).toEqual(file);
    expect(sum(host.sent)).toBe(file.length);
  });
});

describe('a browser without room', () => {
  it('works from memory where the estimate says so', async () => {
    const store = fileStore();
    const small: Estimate = async () => ({ quota: 3_000, usage: 1_000 });
    const { download, source, shelf } = open(makeHost(), store, {}, small);
    await download.finished;
    expect(await source.read(0, file.length)).toEqual(file);
    expect(await store.get(0, PART)).toBeUndefined();
    expect(await shelf.stored()).toEqual({
      ...{ bytes: 0, total: 5500, since: undefined, place: 'memory' },
      reason: 'This browser offers 0 MB. The model works now but must be downloaded again next time.',
    });
  });

  it('continues in memory if the store is full halfway, and fetches nothing again', async () => {
    const host = makeHost();
    const store = fileStore();
    const { put } = store;
    const full: PartStore = {
      ...store,
      put: async (index, bytes) => {
        if (index >= 2) throw new DOMException('full', 'QuotaExceededError');
        await put(index, bytes);
      },
    };
    const { download, source, shelf } = open(host, full);
    await download.finished;
    expect(await source.read(0, file.length)).toEqual(file);
    expect(sum(host.sent)).toBe(file.length);
    expect(await shelf.stored()).toMatchObject({ bytes: 2 * PART, place: 'memory' });
    expect((await shelf.stored()).reason).toMatch(/^This browser offers 1000 MB\. The model works now but /);
    // Parts that did not fit stay as long as the tab, and are deleted with the rest.
    await open(host, full, {}, plenty, shelf).download.finished;
    expect(sum(host.sent)).toBe(file.length);
    await shelf.clear();
    expect(await shelf.stored()).toMatchObject({ bytes: 0, place: 'files', reason: undefined });
    expect(await shelf.find(4)).toBeUndefined();
  });

  it('continues if the store breaks, and without any store', async () => {
    const broken = async () => {
      throw new DOMException('broken', 'UnknownError');
    };
    const dead: PartStore = { place: 'files', get: broken, put: broken, clear: broken };
    for (const store of [dead, memoryStore()]) {
      const { download, source, shelf } = open(makeHost(), store, {}, broken as Estimate);
      await download.finished;
      expect(await source.read(0, file.length)).toEqual(file);
      expect(await shelf.stored()).toMatchObject({
        ...{ bytes: 0, place: 'memory' },
        reason:
          'This browser keeps no files for this page. The model works now but must be downloaded again next time.',
      });
    }
  });
});

/** Locks with one holder at a time, like the browser's own. */
function navigatorLocks(): Pick<LockManager, 'request'> {
  const tails = new Map<string, Promise<unknown>>();
  const request = async (name: string, ...rest: unknown[]) => {
    const body = rest.at(-1) as () => Promise<unknown>;
    const held = (tails.get(name) ?? Promise.resolve()).then(body);
    tails.set(
      name,
      held.catch(() => {}),
    );
    return held;
  };
  return { request } as Pick<LockManager, 'request'>;
}
