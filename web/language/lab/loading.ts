/** Loads a model onto the device. */
import type { Backend } from 'lowrank';
import { loadLanguageModel, type ModelPlace, type Tokenizer } from 'lowrank/text';
import type { Loading, ModelFacts, ModelView } from '../api.js';
import { OpenedModel } from './opened.js';

export type OnLoading = (loading: Loading, facts: ModelFacts | undefined) => void;

export interface ModelToLoad {
  readonly place: ModelPlace;
  readonly facts: ModelFacts;
  /** The tokenizer, if it was made already. */
  readonly tokenizer?: Tokenizer;
  /** Checksum of its weights. */
  readonly base: () => Promise<string>;
}

/** @throws DataError, DeviceError like `loadLanguageModel`; nothing stays on the device then */
export async function loadModel(
  device: Backend,
  { place, facts, base, tokenizer }: ModelToLoad,
  told: (loading: Loading) => void,
): Promise<OpenedModel> {
  const onBytes = nowAndThen((done, total) => told({ stage: 'unpacking', done, total }));
  const made = tokenizer ? { tokenizer } : {};
  const loaded = await loadLanguageModel(device, place, { ...made, onBytes });
  try {
    const { config } = loaded.model;
    const view: ModelView = {
      ...facts,
      parameters: parametersOf(loaded.model),
      contextLength: config.contextLength,
      hasTokenizer: true,
      layers: config.layers,
      notes: loaded.notes,
      base: await base(),
      device: device.name,
      threads: threadsOf(device),
    };
    const opened = new OpenedModel(device, loaded, view);
    told({ stage: 'warming up' });
    await opened.warmUp();
    return opened;
  } catch (error) {
    loaded.model.dispose();
    throw error;
  }
}

/** Least time between two reports: the page takes longer to draw one than to unpack a weight. */
const TOLD_EVERY_MS = 100;

/** Passes on the first and the last report, and some of those between. */
export function nowAndThen(
  tell: (done: number, total: number) => void,
): (done: number, total: number) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (done, total) => {
    const now = performance.now();
    if (done < total && now < last + TOLD_EVERY_MS) return;
    last = now;
    tell(done, total);
  };
}

function parametersOf(model: OpenedModel['base']): number {
  return [...new Set(model.parameters())].reduce((sum, { length }) => sum + length, 0);
}

function threadsOf({ features }: Backend): number {
  const found = features.map((feature) => /^(\d+) threads$/.exec(feature)?.[1]).find(Boolean);
  return Number(found ?? 1);
}
