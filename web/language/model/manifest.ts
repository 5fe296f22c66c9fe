/** The page's own model as the build describes it: its facts, and the parts in which it is sent. */
import type { ModelFacts } from '../api.js';

export interface PartEntry {
  readonly bytes: number;
  readonly sha256: string;
}

export interface ModelManifest extends ModelFacts {
  readonly license: string;
  /** Repository at Hugging Face, if known. */
  readonly repository?: string;
  readonly layers: number;
  /** Checksum of the whole file, which names its folder in storage. */
  readonly sha256: string;
  /** Parts in order; all but the last have the same size. Part 2 is `model/part-02.bin` beside the page. */
  readonly parts: readonly PartEntry[];
}

export const partName = (index: number): string => `part-${String(index).padStart(2, '0')}`;

declare global {
  /** The manifest, put in by the build; null if it had no model. */
  const MODEL_FILES: ModelManifest | null;
}

/** The page's own model; undefined if this build was made without one. */
export const shippedModel: ModelManifest | undefined =
  typeof MODEL_FILES === 'undefined' ? undefined : (MODEL_FILES ?? undefined);
