/** Values that a template writes into its text: finds those that Python writes differently from the library. */

import type { Node } from './boundedInterpreter.js';

/** Nodes of a block that write no value, or only text. */
const WRITES_NONE: ReadonlySet<string> = new Set([
  ...['Set', 'If', 'For', 'Macro', 'CallStatement', 'FilterStatement', 'Break', 'Continue', 'Comment'],
  'StringLiteral',
]);

const BLOCKS = ['body', 'alternate', 'defaultBlock'];

/** Wraps each expression of a program whose value is written in a node `Shown`, in place. */
export function markShown(program: Node): void {
  // The library's search for names in macros requires a node of its class.
  const shown = (expression: Node): Node =>
    Object.assign(Object.create(Object.getPrototypeOf(program)), { type: 'Shown', expression });
  const visit = (node: Node): void => {
    for (const key of BLOCKS) {
      const block = node[key];
      if (!Array.isArray(block)) continue;
      for (const [i, each] of (block as Node[]).entries()) {
        if (WRITES_NONE.has(each.type)) visit(each);
        else block[i] = shown(each);
      }
    }
  };
  visit(program);
}

/** Names of the types that Python writes as code: `None`, `True`, `['a']`. */
export const WRITTEN_OTHERWISE: ReadonlyMap<string, string> = new Map([
  ['NullValue', 'none'],
  ['BooleanValue', 'a truth value'],
  ['ArrayValue', 'a list'],
  ['TupleValue', 'a list'],
  ['ObjectValue', 'an object'],
  ['NamespaceValue', 'a namespace'],
  ['FunctionValue', 'a function'],
]);
