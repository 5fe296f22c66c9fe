/** Groups of examples in a row that share a prefix. */

/** Examples that begin with the same tokens. */
export interface PrefixGroup {
  /** Number of shared tokens, which are computed once; 0 for an example that shares none. */
  readonly prefix: number;
  /** Start of the examples in the divided list. */
  readonly from: number;
  readonly to: number;
}

/** Length of the common prefix of two examples. */
export function commonPrefix(a: Int32Array, b: Int32Array): number {
  const length = Math.min(a.length, b.length);
  let i = 0;
  while (i < length && a[i] === b[i]) i++;
  return i;
}

/** Compares tokens in lexicographic order: examples with long common prefixes become neighbours. */
export function compareTokens(a: Int32Array, b: Int32Array): number {
  const at = commonPrefix(a, b);
  return at < a.length && at < b.length ? a[at] - b[at] : a.length - b.length;
}

/**
 * Divides sorted examples into the groups that save the most tokens: a group of n examples with a common prefix of p
 * saves (n − 1)·p. Each group is contiguous in the list, so its prefix is what its first and last example share, and the best
 * division of the first j examples ends with some group i … j after the best division of the first i.
 * @param sorted  tokens of the examples, sorted by {@link compareTokens}
 */
export function groupPrefixes(sorted: readonly Int32Array[]): PrefixGroup[] {
  const shared = sorted.map((tokens, i) => (i === 0 ? 0 : commonPrefix(sorted[i - 1], tokens)));
  const best = [{ saved: 0, from: 0, prefix: 0 }];
  for (let to = 1; to <= sorted.length; to++) {
    let found = { saved: best[to - 1].saved, from: to - 1, prefix: 0 };
    let prefix = Number.POSITIVE_INFINITY;
    for (let from = to - 2; from >= 0; from--) {
      prefix = Math.min(prefix, shared[from + 1]);
      if (prefix === 0) break;
      const saved = best[from].saved + (to - from - 1) * prefix;
      if (saved > found.saved) found = { saved, from, prefix };
    }
    best.push(found);
  }
  const groups: PrefixGroup[] = [];
  for (let to = sorted.length; to > 0; to = best[to].from) {
    const { from, prefix } = best[to];
    groups.unshift({ prefix, from, to });
  }
  return groups;
}
