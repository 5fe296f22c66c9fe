/** The numbers of a network and its adapter, for the figure of the page. */
import { applyLora, type Backend, loadAdapter, mergeAndUnload, type StateDict } from 'lowrank';
import { NORMALISATION } from './digits.js';
import { networkOn } from './networks.js';
import { MOST_RANK } from './ranks.js';
import type { Inside, InsideLayer, LooksFor, SavedAdapter } from './views.js';

/** Initialization of A in every adapter that is taught here. */
export const START = { init: 'normal', seed: 0 } as const;

const LAYERS = ['linear1', 'linear2', 'linear3'] as const;

type Starts = InsideLayer['starts'];
type Factors = InsideLayer['factors'];

/** @param state  state of the network without adapter */
export async function insideOf(
  device: Backend,
  state: StateDict,
  adapter: SavedAdapter | undefined,
): Promise<Inside> {
  const adapted = adapter && (await adaptedParts(device, state, adapter));
  const isTaughtHere =
    (adapter?.view.iterations ?? 0) > 0 &&
    LAYERS.every((name) => adapted?.factors.get(name)?.rank === adapter?.view.rank);
  const starts = await startsOf(device, state, isTaughtHere ? adapter?.view.rank : undefined);
  const layers = LAYERS.map((name) => {
    const [outFeatures, inFeatures] = valuesOf(state, `${name}.weight`).shape;
    return {
      ...{ name, inFeatures, outFeatures },
      weight: Float32Array.from(valuesOf(state, `${name}.weight`).data),
      starts: starts.get(name) ?? new Map(),
      factors: adapted?.factors.get(name),
    };
  });
  const { mean, std } = NORMALISATION;
  return {
    layers,
    input: { mean, std },
    before: looksFor(state),
    after: adapted && looksFor(adapted.state),
    adapter: adapter && { rank: adapter.view.rank, trainable: adapter.view.trainable, isTaughtHere },
  };
}

/** Initial A by rank and layer: drawn once, since they depend only on the shapes, which are the same in all networks here. */
const drawn = new Map<number, ReadonlyMap<string, Float32Array>>();

/** Initial A by layer. Layers draw one after the other, so that each rank has its own numbers. */
async function startsOf(
  device: Backend,
  state: StateDict,
  taughtRank: number | undefined,
): Promise<Map<string, Starts>> {
  const ranks = new Set(Array.from({ length: MOST_RANK }, (_, i) => i + 1)).add(taughtRank ?? 1);
  await draw(
    device,
    state,
    [...ranks].filter((rank) => !drawn.has(rank)),
  );
  const startOf = (name: string, rank: number) => drawn.get(rank)?.get(name) ?? new Float32Array();
  return new Map(
    LAYERS.map((name) => [name, new Map(Array.from(ranks, (rank) => [rank, startOf(name, rank)]))]),
  );
}

async function draw(device: Backend, state: StateDict, ranks: readonly number[]): Promise<void> {
  if (ranks.length === 0) return;
  const { model } = networkOn(device, state);
  try {
    for (const rank of ranks) {
      const { factors } = await applyLora(model, { rank, ...START }, `rank-${rank}`);
      const start = new Map<string, Float32Array>();
      for (const [name, { loraA }] of factors) start.set(name, Float32Array.from(await loraA.read()));
      drawn.set(rank, start);
    }
  } finally {
    model.dispose();
  }
}

/** An adapter's factors by layer, and the network with the adapter merged into its weights. */
async function adaptedParts(device: Backend, state: StateDict, { files }: SavedAdapter) {
  // A copy, since the network that answers must not be merged.
  const { model } = networkOn(device, state);
  try {
    const adapter = await loadAdapter(model, files);
    const factors = new Map<string, Factors>();
    for (const [name, { rank, loraA, loraB }] of adapter.factors) {
      const [a, b] = [await loraA.read(), await loraB.read()];
      factors.set(name, { rank, a: Float32Array.from(a), b: Float32Array.from(b) });
    }
    await mergeAndUnload(model);
    return { factors, state: await model.stateDict() };
  } finally {
    model.dispose();
  }
}

/** W₃ W₂ W₁ and b₃ + W₃ b₂ + W₃ W₂ b₁: exact, since only the last ReLU is not linear. */
export function looksFor(state: StateDict): LooksFor {
  const read = (name: string) => Float64Array.from(valuesOf(state, name).data);
  let weights = read('linear3.weight');
  let offsets = read('linear3.bias');
  // From the left, where there are few rows.
  for (const name of ['linear2', 'linear1']) {
    const [inner] = valuesOf(state, `${name}.weight`).shape;
    const added = product(weights, read(`${name}.bias`), inner);
    offsets = offsets.map((value, i) => value + added[i]);
    weights = product(weights, read(`${name}.weight`), inner);
  }
  return { weights: Float32Array.from(weights), offsets: Float32Array.from(offsets) };
}

/** The product of two row-major matrices. @param inner  columns of the left one, rows of the right one */
function product(left: Float64Array, right: Float64Array, inner: number) {
  const [rows, columns] = [left.length / inner, right.length / inner];
  const out = new Float64Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    for (let i = 0; i < inner; i++) {
      const factor = left[r * inner + i];
      for (let c = 0; c < columns; c++) out[r * columns + c] += factor * right[i * columns + c];
    }
  }
  return out;
}

function valuesOf(state: StateDict, name: string) {
  const found = state.get(name);
  if (!found) throw new Error(`inside: the network has no ${name}`);
  return found;
}
