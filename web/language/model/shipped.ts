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
 * Parts that this browser keeps are not fetched again, so a second visit tells of no download at all.
 * Where a part cannot be had for good, `finished` and every read that waits for it reject with one sentence; what arrived
 * until then is kept, and opening again goes on from there.
 */
import type { ByteSource } from 'lowrank';
import type { Loading, Stored } from '../api.js';
import type { ModelManifest } from './manifest.js';

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
