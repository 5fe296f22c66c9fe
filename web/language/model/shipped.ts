/**
 * The page's own model, for the worker. A lab uses it like this:
 *
 *     const shipped = await openShippedSource(pageUrl, (loading) => …);   // 'downloading', then 'checking'
 *     const { tokenizer, config } = await loadTokenizer(shipped.source);  // as soon as the first part has arrived
 *     const loaded = await loadLanguageModel(device, shipped.source, …);  // reads wait for their parts
 *     await shipped.finished;
 *
 * Without a source: `storedShipped(): Promise<Stored>` and `deleteShipped(): Promise<void>`; own files: `ownFiles.ts` with
 * `inspectFiles(files): Promise<ModelFacts>` and `placeOf(files): ModelPlace`, which `loadLanguageModel` takes.
 *
 * Parts that this browser keeps are checked and not fetched again, so a second visit reports no download at all.
 * If a part is permanently unavailable, `finished` and every read that waits for it reject with one sentence; parts that
 * have arrived are kept, and opening it again continues from there.
 */
import type { ByteSource } from 'lowrank';
import type { Loading, Stored } from '../api.js';
import { Download, whileNobodyFetches } from './download.js';
import { type ModelManifest, partName, shippedModel } from './manifest.js';
import { partsSource } from './partsSource.js';
import { Shelf } from './shelf.js';
import { openStore } from './store.js';

export interface ShippedSource {
  readonly source: ByteSource;
  /** Also has the facts: name, parameters, context length, …; `hasTokenizer` is true even before the first part arrives. */
  readonly manifest: ModelManifest;
  /** Whether all parts were kept when it was opened, so that nothing is fetched. */
  readonly isComplete: boolean;
  /** Resolves when all parts have arrived and are checked. Nobody has to wait for it. */
  readonly finished: Promise<void>;
  stored(): Promise<Stored>;
  pause(): void;
  resume(): void;
  /** Ends the download; complete parts stay. Reads of missing parts reject. */
  close(): void;
}

/** @throws Error if this build has no model */
export async function openShippedSource(
  pageUrl: string,
  told: (loading: Loading) => void,
): Promise<ShippedSource> {
  const manifest = shippedOrThrow();
  const shelf = await openShelf(manifest);
  const found = Promise.all(manifest.parts.map((_, index) => shelf.find(index)));
  const download = new Download({
    manifest,
    shelf,
    urlOf: (index) => new URL(`model/${partName(index)}.bin`, pageUrl).href,
    told,
    fetch: (input, init) => fetch(input, init),
    locks: navigator.locks,
    network: globalThis,
  });
  const sizes = manifest.parts.map(({ bytes }) => bytes);
  return {
    source: partsSource(sizes, (index) => download.part(index), manifest.name),
    manifest,
    isComplete: (await found).every((blob) => blob !== undefined),
    finished: download.finished,
    stored: () => shelf.stored(),
    pause: () => download.pause(),
    resume: () => download.resume(),
    close: () => download.close(),
  };
}

/** What is kept of the model, whether it is open or not. @throws Error if this build has no model */
export async function storedShipped(): Promise<Stored> {
  return (await openShelf(shippedOrThrow())).stored();
}

/** Deletes the kept model, which must be closed. @throws Error if another tab is fetching it */
export async function deleteShipped(): Promise<void> {
  const manifest = shippedOrThrow();
  const shelf = await openShelf(manifest);
  await whileNobodyFetches(manifest, navigator.locks, () => shelf.clear());
}

function shippedOrThrow(): ModelManifest {
  if (shippedModel) return shippedModel;
  throw new Error('This build of the page comes without a model. Open a model file of your own.');
}

let shelf: Promise<Shelf> | undefined;

/** The one shelf of the whole visit: it remembers what found no room, and waits only once for a browser that does not answer. */
function openShelf(manifest: ModelManifest): Promise<Shelf> {
  const estimate = async () => (await navigator.storage?.estimate?.()) ?? {};
  shelf ??= openStore(manifest.sha256).then((store) => new Shelf(manifest, store, estimate));
  return shelf;
}
