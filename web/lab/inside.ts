/** What a network and its adapter are made of, read for the figure of the page. */
import { applyLora, type Backend, loadAdapter, mergeAndUnload, type StateDict } from 'lowrank';
import { networkOn } from './networks.js';
import type { Inside, InsideLayer, LooksFor, SavedAdapter } from './views.js';

/** How A begins in every adapter that is taught here. */
export const START = { init: 'normal', seed: 0 } as const;

/** Ranks that the figure can be dragged through. */
export const MOST_RANK = 16;

const LAYERS = ['linear1', 'linear2', 'linear3'] as const;

type Starts = InsideLayer['starts'];
type Factors = InsideLayer['factors'];

/** @param state  of the network itself */
export async function insideOf(
  device: Backend,
  state: StateDict,
  adapter: SavedAdapter | undefined,
): Promise<Inside> {
  const isTaughtHere = (adapter?.view.iterations ?? 0) > 0;
  const starts = await startsOf(device, state, isTaughtHere ? adapter?.view.rank : undefined);
  const adapted = adapter && (await adaptedParts(device, state, adapter));
  const layers = LAYERS.map((name) => {
    const [outFeatures, inFeatures] = valuesOf(state, `${name}.weight`).shape;
    return {
      ...{ name, inFeatures, outFeatures },
      weight: Float32Array.from(valuesOf(state, `${name}.weight`).data),
      starts: starts.get(name) ?? new Map(),
      factors: adapted?.factors.get(name),
    };
  });
  return {
    layers,
    before: looksFor(state),
    after: adapted && looksFor(adapted.state),
    adapter: adapter && { rank: adapter.view.rank, trainable: adapter.view.trainable, isTaughtHere },
  };
}

/** By layer. A layer's draw depends on those before it, and so on the rank: each rank has one of its own. */
async function startsOf(
  device: Backend,
  state: StateDict,
  taughtRank: number | undefined,
): Promise<Map<string, Starts>> {
  const starts = new Map(LAYERS.map((name) => [name as string, new Map<number, Float32Array>()]));
  const ranks = new Set(Array.from({ length: MOST_RANK }, (_, i) => i + 1)).add(taughtRank ?? 1);
  const { model } = networkOn(device, state);
  try {
    for (const rank of ranks) {
      const { factors } = await applyLora(model, { rank, ...START }, `rank-${rank}`);
      for (const [name, { loraA }] of factors) {
        starts.get(name)?.set(rank, Float32Array.from(await loraA.read()));
      }
    }
    return starts;
  } finally {
    model.dispose();
  }
}

/** An adapter's factors by layer, and the network with the adapter merged into its weights. */
async function adaptedParts(device: Backend, state: StateDict, { files }: SavedAdapter) {
  // A copy: the network that answers is not to be merged.
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

/** W₃ W₂ W₁ and W₃ (W₂ b₁ + b₂) + b₃: exact, since nothing but the last ReLU is not linear. */
export function looksFor(state: StateDict): LooksFor {
  let weights = Float64Array.from(valuesOf(state, 'linear1.weight').data);
  let offsets = Float64Array.from(valuesOf(state, 'linear1.bias').data);
  for (const name of LAYERS.slice(1)) {
    const { data, shape } = valuesOf(state, `${name}.weight`);
    const bias = valuesOf(state, `${name}.bias`).data;
    weights = product(data, weights, shape[1]);
    offsets = product(data, offsets, shape[1]).map((value, i) => value + bias[i]);
  }
  return { weights: Float32Array.from(weights), offsets: Float32Array.from(offsets) };
}

/** Of two row-major matrices. @param inner  columns of the left one, rows of the right one */
function product(left: ArrayLike<number>, right: ArrayLike<number>, inner: number) {
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
