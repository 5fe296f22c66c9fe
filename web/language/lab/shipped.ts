/** Opens the page's own model while its parts may still be downloading. */
import { loadTokenizer, type Tokenizer } from 'lowrank/text';
import type { Loading, ModelFacts, ModelView } from '../api.js';
import { checksumOfParts } from './checksum.js';
import type { ModelToLoad, OnLoading } from './loading.js';
import type { ShippedModel, Sources } from './sources.js';

export interface ShippedLoading {
  readonly sources: Sources;
  readonly told: OnLoading;
  /** Called with the download once it has begun. */
  readonly onBegin: (shipped: ShippedModel) => void;
  /** Called with the tokenizer, which comes first, so that examples can be counted long before the weights arrive. */
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
  // The manifest's facts are known at once; the tokenizer comes with the first part.
  const known = () => facts && { ...facts, hasTokenizer };
  const shipped = await sources.openShipped((stage) => told(stage, known()));
  facts = shipped.facts;
  onBegin(shipped);
  let isHere = false;
  const finished = shipped.finished.then(() => {
    isHere = true;
  });
  // Reads report the failure first.
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
