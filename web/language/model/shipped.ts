/**
 * The page's own model, for the worker. What a lab does with it:
 *
 *     const shipped = await openShippedSource(pageUrl, (loading) => …);   // 'downloading', then 'checking'
 *     const { tokenizer, config } = await loadTokenizer(shipped.source);  // as soon as the first part is there
 *     const loaded = await loadLanguageModel(device, shipped.source, …);  // reads wait for their parts
 *     await shipped.finished;
 *
 * Without a source: `storedShipped(): Promise<Stored>` and `deleteShipped(): Promise<void>`; own files: `ownFiles.ts` with
 * `inspectFiles(files): Promise<ModelFacts>` and `placeOf(files): ModelPlace`, which `loadLanguageModel` takes.
 *
 * Parts that this browser keeps are checked and not fetched again, so a second visit tells of no download at all.
 * Where a part cannot be had for good, `finished` and every read that waits for it reject with one sentence; what arrived
 * until then is kept, and opening again goes on from there.
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
  /** Facts too: name, parameters, context length, …; its `hasTokenizer` is true although the tokenizer comes with the first part. */
  readonly manifest: ModelManifest;
  /** All parts were here when it was opened: nothing is fetched. */
  readonly isComplete: boolean;
  /** Resolves when all parts are here and checked. Nobody need wait for it. */
  readonly finished: Promise<void>;
  stored(): Promise<Stored>;
  pause(): void;
  resume(): void;
  /** Ends the download; what is complete stays. Reads of missing parts reject. */
  close(): void;
}

/** @throws Error where this build has no model */
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

/** What is kept of it, whether it is open or not. @throws Error where this build has no model */
export async function storedShipped(): Promise<Stored> {
  return (await openShelf(shippedOrThrow())).stored();
}

/** To be closed first, where it is open. @throws Error where another tab fetches it at this moment */
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

/** The same for the whole visit: it knows what found no room, and a browser that does not answer is waited for once. */
function openShelf(manifest: ModelManifest): Promise<Shelf> {
  const estimate = async () => (await navigator.storage?.estimate?.()) ?? {};
  shelf ??= openStore(manifest.sha256).then((store) => new Shelf(manifest, store, estimate));
  return shelf;
}
