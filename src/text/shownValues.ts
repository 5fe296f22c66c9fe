/** Values that a template writes into its text: those that Python writes otherwise than the library are told apart. */

import type { Node } from './boundedInterpreter.js';

/** What stands in a block and writes no value, or text only. */
const WRITES_NONE: ReadonlySet<string> = new Set([
  ...['Set', 'If', 'For', 'Macro', 'CallStatement', 'FilterStatement', 'Break', 'Continue', 'Comment'],
  'StringLiteral',
]);

const BLOCKS = ['body', 'alternate', 'defaultBlock'];

/** Puts each expression of a program whose value is written into a node `Shown`, in place. */
export function markShown(program: Node): void {
  // Of the library's class, which its search for names in macros asks for.
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

/** How the types are called that are written as Python code: `None`, `True`, `['a']`. */
export const WRITTEN_OTHERWISE: ReadonlyMap<string, string> = new Map([
  ['NullValue', 'none'],
  ['BooleanValue', 'a truth value'],
  ['ArrayValue', 'a list'],
  ['TupleValue', 'a list'],
  ['ObjectValue', 'an object'],
  ['NamespaceValue', 'a namespace'],
  ['FunctionValue', 'a function'],
]);
