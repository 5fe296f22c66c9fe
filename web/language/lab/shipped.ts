/** The page's own model, opened while its parts may still be on their way. */
import { loadTokenizer, type Tokenizer } from 'lowrank/text';
import type { Loading, ModelFacts, ModelView } from '../api.js';
import { checksumOfParts } from './checksum.js';
import type { ModelToLoad, OnLoading } from './loading.js';
import type { ShippedModel, Sources } from './sources.js';

export interface ShippedLoading {
  readonly sources: Sources;
  readonly told: OnLoading;
  /** Told of the download once it has begun. */
  readonly onBegin: (shipped: ShippedModel) => void;
  /** Told of the tokenizer, which comes first: examples can be counted long before the weights are here. */
  readonly onTokenizer: (tokenizer: Tokenizer) => void;
  readonly open: (
    model: ModelToLoad,
    told: (loading: Loading) => void,
    repository: string | undefined,
  ) => Promise<ModelView>;
}

/** @throws Error with the sentence of the download */
export async function loadShipped(loading: ShippedLoading): Promise<ModelView> {
  const { sources, told, onBegin, onTokenizer, open } = loading;
  let facts: ModelFacts | undefined;
  let hasTokenizer = false;
  // The manifest's facts are there at once, the tokenizer with the first part.
  const known = () => facts && { ...facts, hasTokenizer };
  const shipped = await sources.openShipped((stage) => told(stage, known()));
  facts = shipped.facts;
  onBegin(shipped);
  let isHere = false;
  const finished = shipped.finished.then(() => {
    isHere = true;
  });
  // Whoever reads meets the failure first.
  finished.catch(() => {});
  try {
    const { tokenizer } = await loadTokenizer(shipped.source);
    onTokenizer(tokenizer);
    hasTokenizer = true;
    const base = () => checksumOfParts(shipped.digests);
    const onLoading = (stage: Loading) => {
      if (isHere) told(stage, known());
    };
    const view = await open({ place: shipped.source, facts, base, tokenizer }, onLoading, shipped.repository);
    await finished;
    return view;
  } finally {
    shipped.close();
  }
}
