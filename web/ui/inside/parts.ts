/** The parts that the strips show: the block, A and B of one layer. */
import { integer } from '../../format.js';
import type { InsideLayer } from '../../lab/views.js';
import { difference, productOf, rangeOf, scaleOf } from './numbers.js';

export type PartName = 'block' | 'a' | 'b';
export type Mode = 'now' | 'change';

/** Numbers that are drawn one pixel each. */
export interface Picture {
  /** Values row by row. */
  readonly values: Float32Array;
  readonly columns: number;
  /** Size of a value in full colour. */
  readonly scale: number;
  /** Colours: of an adapter's factor, of evidence for and against a digit, or of frozen weights. */
  readonly tint: 'factor' | 'speaks' | 'grey';
}

export interface Part extends Picture {
  readonly title: string;
  readonly rows: number;
  /** Origin of the numbers: `frozen`, `trained` or `computed from A and B`. */
  readonly kind: string;
}

export type Parts = Readonly<Record<PartName, Part>>;

/** A and B of the adapter, or the start values of one of this rank. */
export interface Shown {
  readonly rank: number;
  readonly a: Float32Array;
  readonly b: Float32Array;
  /** Start of A; undefined if not known. */
  readonly start: Float32Array | undefined;
}

/** @returns undefined if the adapter does not change the layer */
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

/** @returns only the block if there are no A and B */
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

/** The frozen block, made once: it stays while the slider is dragged, and its scale is slow to compute. */
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
