/** The tree of a Python pattern. */
import type { CodeTest, PlaceTest } from './pythonCharacters.js';

export type PatternNode =
  | { readonly kind: 'char'; readonly test: CodeTest }
  /** A node without width, which matches at some positions in a text. */
  | { readonly kind: 'at'; readonly test: PlaceTest }
  | { readonly kind: 'sequence'; readonly nodes: readonly PatternNode[] }
  | { readonly kind: 'choice'; readonly nodes: readonly PatternNode[] }
  | { readonly kind: 'atomic'; readonly node: PatternNode }
  /** `back` is how many characters before the position the node begins: 0 for a lookahead. */
  | { readonly kind: 'look'; readonly node: PatternNode; readonly negated: boolean; readonly back: number }
  | {
      readonly kind: 'repeat';
      readonly node: PatternNode;
      readonly min: number;
      readonly max: number;
      readonly isLazy: boolean;
    };

/** The least and the most characters that a node can match. */
export function widthOf(node: PatternNode): readonly [least: number, most: number] {
  switch (node.kind) {
    case 'char':
      return [1, 1];
    case 'at':
    case 'look':
      return [0, 0];
    case 'atomic':
      return widthOf(node.node);
    case 'sequence':
      return node.nodes.map(widthOf).reduce(([a, b], [c, d]) => [a + c, b + d], [0, 0]);
    case 'choice': {
      const widths = node.nodes.map(widthOf);
      return widths.reduce(([a, b], [c, d]) => [Math.min(a, c), Math.max(b, d)]);
    }
    case 'repeat': {
      const [least, most] = widthOf(node.node);
      return [least * node.min, most === 0 ? 0 : most * node.max];
    }
  }
}
