/** Attention and its gradients as plain loops in float64, one score after the other. */
import { type Numbers, type Reference, scaled } from './loops.js';

type Name = 'attention' | 'attentionDots' | 'attentionQueriesBackward' | 'attentionKeysBackward';

interface Sizes {
  readonly keys: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly dim: number;
}

/** The keys that a row sees, in the order of its two ranges. */
function visibleKeys(ranges: Numbers, row: number, keys: number): number[] {
  const [from, to, prefixFrom, prefixTo] = Array.from(ranges.subarray(4 * row, 4 * row + 4), (bound) =>
    Math.min(Math.max(bound, 0), keys),
  );
  const stretch = (first: number, end: number) =>
    Array.from({ length: Math.max(end - first, 0) }, (_, i) => first + i);
  return [...stretch(from, to), ...stretch(prefixFrom, prefixTo)];
}

/** Where head h of a row begins in q and out, and the head of k and v that it reads. */
function placeOf(row: number, h: number, { heads, kvHeads, dim }: Sizes) {
  const g = Math.floor(h / (heads / kvHeads));
  return { own: (row * heads + h) * dim, keyOf: (j: number) => (j * kvHeads + g) * dim };
}

function dot(a: Numbers, atA: number, b: Numbers, atB: number, dim: number): number {
  let sum = 0;
  for (let d = 0; d < dim; d++) sum += a[atA + d] * b[atB + d];
  return sum;
}

/** Calls `at` with each probability that is not masked, and the gradient of its product of q and k. */
function eachScore(
  args:
    | Parameters<Reference['attentionQueriesBackward']>[0]
    | Parameters<Reference['attentionKeysBackward']>[0],
  at: (own: number, key: number, p: number, dS: number) => void,
): void {
  const { q, k, v, dOut, stats, ranges, rows, keys, heads, dim, scale } = args;
  for (let i = 0; i < rows; i++) {
    const visible = visibleKeys(ranges, i, keys);
    for (let h = 0; h < heads; h++) {
      const { own, keyOf } = placeOf(i, h, args);
      const [logSum, mean] = stats.subarray(2 * (i * heads + h));
      for (const j of visible) {
        const key = keyOf(j);
        const p = Math.exp(scale * dot(q, own, k, key, dim) - logSum);
        at(own, key, p, scale * p * (dot(dOut, own, v, key, dim) - mean));
      }
    }
  }
}

/** `out[at + d] += factor * x[from + d]`. */
function addRow(out: Numbers, at: number, factor: number, x: Numbers, from: number, dim: number): void {
  for (let d = 0; d < dim; d++) out[at + d] += factor * x[from + d];
}

function scaleAll(out: Numbers, beta: number): void {
  for (let i = 0; i < out.length; i++) out[i] = scaled(beta, out, i);
}

export const ATTENTION_KERNELS: Pick<Reference, Name> = {
  attention({ out, stats, q, k, v, ranges, rows, keys, heads, kvHeads, dim, scale }) {
    out.fill(0);
    stats.fill(0);
    for (let i = 0; i < rows; i++) {
      const visible = visibleKeys(ranges, i, keys);
      if (visible.length === 0) continue;
      for (let h = 0; h < heads; h++) {
        const { own, keyOf } = placeOf(i, h, { keys, heads, kvHeads, dim });
        const scores = visible.map((j) => scale * dot(q, own, k, keyOf(j), dim));
        const max = scores.reduce((a, b) => Math.max(a, b));
        const logSum = max + Math.log(scores.reduce((sum, score) => sum + Math.exp(score - max), 0));
        for (const [n, j] of visible.entries())
          addRow(out, own, Math.exp(scores[n] - logSum), v, keyOf(j), dim);
        stats[2 * (i * heads + h)] = logSum;
      }
    }
  },

  attentionDots({ stats, out, dOut, rows, heads, dim }) {
    for (let r = 0; r < rows * heads; r++) stats[2 * r + 1] = dot(out, r * dim, dOut, r * dim, dim);
  },

  attentionQueriesBackward({ beta = 0, ...args }) {
    const { dQ, k, dim } = args;
    scaleAll(dQ, beta);
    eachScore(args, (own, key, _, dS) => addRow(dQ, own, dS, k, key, dim));
  },

  attentionKeysBackward({ beta = 0, ...args }) {
    const { dK, dV, q, dOut, dim } = args;
    if (dK) scaleAll(dK, beta);
    if (dV) scaleAll(dV, beta);
    eachScore(args, (own, key, p, dS) => {
      if (dK) addRow(dK, key, dS, q, own, dim);
      if (dV) addRow(dV, key, p, dOut, own, dim);
    });
  },
};
