/** The page's own model as the build knows it: what it is, and the parts in which it is sent. */
import type { ModelFacts } from '../api.js';

export interface PartEntry {
  readonly bytes: number;
  readonly sha256: string;
}

export interface ModelManifest extends ModelFacts {
  readonly license: string;
  /** At Hugging Face, where it is known. */
  readonly repository?: string;
  readonly layers: number;
  /** Checksum of the whole file, under which it is kept. */
  readonly sha256: string;
  /** In order; all but the last have the same size. Part 2 is `model/part-02.bin` beside the page. */
  readonly parts: readonly PartEntry[];
}

export const partName = (index: number): string => `part-${String(index).padStart(2, '0')}`;

declare global {
  /** Put in by the build; null where it had no model. */
  const MODEL_FILES: ModelManifest | null;
}

/** Undefined where this build was made without a model. */
export const shippedModel: ModelManifest | undefined =
  typeof MODEL_FILES === 'undefined' ? undefined : (MODEL_FILES ?? undefined);
