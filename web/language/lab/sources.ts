/** The sources of the lab's models; the page's own is fetched in parts. */
import type { ByteSource } from 'lowrank';
import type { ModelPlace } from 'lowrank/text';
import type { Loading, ModelFacts, Stored } from '../api.js';

/** The page's own model, whose parts may still be downloading. */
export interface ShippedModel {
  /** Reads wait for the parts that they touch. */
  readonly source: ByteSource;
  readonly facts: ModelFacts;
  /** SHA-256 of the parts, in their order. */
  readonly digests: readonly string[];
  /** Repository at Hugging Face, if known. */
  readonly repository: string | undefined;
  /** Resolves when all parts have arrived. */
  readonly finished: Promise<void>;
  pause(): void;
  resume(): void;
  /** Ends the download; complete parts stay. */
  close(): void;
}

export interface Sources {
  openShipped(told: (loading: Loading) => void): Promise<ShippedModel>;
  /** Reads only the header. @throws DataError for files that are not a model */
  inspect(files: readonly File[]): Promise<ModelFacts>;
  placeOf(files: readonly File[]): ModelPlace;
  /** Why files are refused while their weights are read, as a sentence. */
  refusal(error: unknown, files: readonly File[]): string;
  stored(): Promise<Stored>;
  deleteStored(): Promise<void>;
}
