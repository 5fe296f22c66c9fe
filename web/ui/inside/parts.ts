/** What the strips show: the block, A and B of one layer. */
import { integer } from '../../format.js';
import type { InsideLayer } from '../../lab/views.js';
import { difference, productOf, rangeOf, scaleOf } from './numbers.js';

export type PartName = 'block' | 'a' | 'b';
export type Mode = 'now' | 'change';

/** Numbers that are drawn a pixel each. */
export interface Picture {
  /** Row by row. */
  readonly values: Float32Array;
  readonly columns: number;
  /** The size of a value in full colour. */
  readonly scale: number;
  /** Of a factor of the adapter, of what speaks for a digit and against it, or of what is frozen. */
  readonly tint: 'factor' | 'speaks' | 'grey';
}

export interface Part extends Picture {
  readonly title: string;
  readonly rows: number;
  /** How it comes to be. */
  readonly kind: string;
}

export type Parts = Readonly<Record<PartName, Part>>;

/** A and B as the adapter has them, or as one of this rank starts. */
export interface Shown {
  readonly rank: number;
  readonly a: Float32Array;
  readonly b: Float32Array;
  /** Undefined where it is not known. */
  readonly start: Float32Array | undefined;
}

/** @returns undefined where the adapter leaves the layer as it is */
export function shownOf(
  layer: InsideLayer,
  rank: number,
  adapter: { readonly isTaughtHere: boolean } | undefined,
): Shown | undefined {
  if (adapter) {
    const { factors, starts } = layer;
    return factors && { ...factors, start: adapter.isTaughtHere ? starts.get(factors.rank) : undefined };
  }
  const a = layer.starts.get(rank);
  return a && { rank, a, b: new Float32Array(layer.outFeatures * rank), start: a };
}

/** @returns the block alone where there is no A and no B */
export function partsOf(
  layer: InsideLayer,
  shown: Shown | undefined,
  mode: Mode,
): Pick<Parts, 'block'> & Partial<Parts> {
  const { inFeatures } = layer;
  const w = frozenPart(layer);
  if (!shown) return { block: w };
  const { a, b, start, rank } = shown;
  const trained = { kind: 'trained', tint: 'factor' } as const;
  const strips = {
    a:
      mode === 'change' && start
        ? part('Change of A', difference(a, start), inFeatures, trained)
        : part('A', a, inFeatures, trained),
    b: part('B', b, rank, trained),
  };
  if (mode === 'now') return { block: w, ...strips };
  const kind = 'computed from A and B';
  return { block: part('B·A', productOf(shown), inFeatures, { kind, tint: 'factor' }), ...strips };
}

const frozen = new WeakMap<InsideLayer, Part>();

/** Made once: it stays while the slider is dragged, and its scale takes a while. */
function frozenPart(layer: InsideLayer): Part {
  const { weight, inFeatures } = layer;
  const made = frozen.get(layer) ?? part('W', weight, inFeatures, { kind: 'frozen', tint: 'grey' });
  frozen.set(layer, made);
  return made;
}

function part(title: string, values: Float32Array, columns: number, look: Pick<Part, 'kind' | 'tint'>): Part {
  return { title, values, columns, rows: values.length / columns, scale: scaleOf(values), ...look };
}

/** `A, trained: 2 × 784 = 1,568 numbers` */
export function sizeText({ title, rows, columns, values, kind }: Part): string {
  return `${title}, ${kind}: ${rows} × ${columns} = ${integer(values.length)} numbers`;
}

export function rangeText({ values }: Part): string {
  const [least, most] = rangeOf(values);
  return least === 0 && most === 0 ? 'all zero' : `from ${signed(least)} to ${signed(most)}`;
}

/** Three digits, with a true minus sign. */
export function signed(value: number): string {
  const text = Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
  return text.replace('-', '−');
}
