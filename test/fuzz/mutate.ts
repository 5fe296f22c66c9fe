/** Changes to valid files that know their format: JSON keeps being JSON, mostly, and lengths keep fitting, mostly. */
import type { Random } from '../../src/base/random.js';

/** A whole number from 0 up to, not including, `count`. */
export const below = (random: Random, count: number): number => random.uint32() % count;

export const pick = <T>(random: Random, from: readonly T[]): T => from[below(random, from.length)];

/** Names that JavaScript objects already have, and others that readers trip over. */
export const NAMES = [
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype', 'length', 'then', 'get', 'set'],
  ...[
    '',
    '.',
    '..',
    'a.b',
    '0',
    '-1',
    'a/b',
    '../a',
    '\u0000',
    '\n',
    '\u001b[31m',
    '\ud800',
    '\u{1f600}',
    '__metadata__',
  ],
  'x'.repeat(3000),
];

/** JSON texts of values that stand where others are expected. */
const VALUES = [
  ...[
    'null',
    'true',
    'false',
    '0',
    '-0',
    '1',
    '-1',
    '0.5',
    '1e3',
    '1e308',
    '1e999',
    '-1e999',
    'NaN',
    'Infinity',
  ],
  ...['4294967295', '4294967296', '9007199254740991', '9007199254740993', '1'.repeat(400)],
  ...[
    '""',
    '"a"',
    '"1"',
    '"NaN"',
    '"\\ud800"',
    '"\\u0000"',
    '[]',
    '{}',
    '[[]]',
    '[null]',
    '[0]',
    '[-1]',
    '{"a":1}',
  ],
  ...[
    '{"__proto__":{"a":1}}',
    '[1,2,3,4,5,6,7,8,9]',
    '{"length":3}',
    '"(?:.*){200}!"',
    '"(((((("',
    '"[\\\\p{L}]"',
  ],
  ...['F32', 'F16', 'BF16', 'I64', 'U8', 'BOOL', 'F4', 'X'].map((name) => `"${name}"`),
];

/** JSON as text pieces, so that a key can appear twice and a value need not be JSON. */
type Node = { text: string } | { items: Node[] } | { entries: [key: string, value: Node][] };

function nodeOf(value: unknown): Node {
  if (Array.isArray(value)) return { items: value.map(nodeOf) };
  if (typeof value !== 'object' || value === null) return { text: JSON.stringify(value) };
  return { entries: Object.entries(value).map(([key, each]) => [key, nodeOf(each)]) };
}

function textOf(node: Node): string {
  if ('text' in node) return node.text;
  if ('items' in node) return `[${node.items.map(textOf).join(',')}]`;
  return `{${node.entries.map(([key, value]) => `${JSON.stringify(key)}:${textOf(value)}`).join(',')}}`;
}

function nodesOf(node: Node): Node[] {
  if ('text' in node) return [node];
  const children = 'items' in node ? node.items : node.entries.map(([, value]) => value);
  return [node, ...children.flatMap(nodesOf)];
}

function replace(node: Node, other: Node): void {
  for (const key of Object.keys(node)) Reflect.deleteProperty(node, key);
  Object.assign(node, other);
}

function deep(random: Random): Node {
  const depth = pick(random, [99, 101, 1000, 20_000]);
  const [open, close] = pick(random, [
    ['[', ']'],
    ['{"a":', '}'],
  ]);
  return { text: open.repeat(depth) + pick(random, ['1', '', 'null']) + close.repeat(depth) };
}

/** One change somewhere in a tree. */
function change(root: Node, random: Random): void {
  const node = pick(random, nodesOf(root));
  const kind = below(random, 8);
  if (kind === 0) replace(node, deep(random));
  else if (kind <= 2 || 'text' in node) replace(node, { text: pick(random, VALUES) });
  else if ('items' in node) {
    const at = below(random, node.items.length + 1);
    if (kind <= 4) node.items.splice(at, 1);
    else
      node.items.splice(
        at,
        0,
        node.items.length > 0 && kind < 7 ? pick(random, node.items) : { text: pick(random, VALUES) },
      );
  } else {
    const at = below(random, node.entries.length + 1);
    const value: Node = node.entries.length > 0 ? pick(random, node.entries)[1] : { text: '0' };
    if (kind === 3) node.entries.splice(at, 1);
    else if (kind === 4 && node.entries.length > 0) node.entries.splice(at, 0, pick(random, node.entries));
    else if (kind === 5) node.entries.splice(at, 0, [pick(random, NAMES), value]);
    else if (at < node.entries.length) {
      const [old] = node.entries[at];
      const name = kind === 6 ? pick(random, NAMES) : old.replace(/[^.]+/, () => pick(random, NAMES));
      node.entries[at] = [name, node.entries[at][1]];
    }
  }
}

/** JSON text with one to three changes; now and then of its characters. */
export function mutateJson(text: string, random: Random): string {
  const root = nodeOf(JSON.parse(text));
  for (let i = below(random, 3); i >= 0; i--) change(root, random);
  const changed = textOf(root);
  if (below(random, 8) > 0) return changed;
  return new TextDecoder().decode(mutateBytes(new TextEncoder().encode(changed), random));
}

/** Bytes with one to four changes: flipped, cut, stretched, moved, or a number of the extremes put in. */
export function mutateBytes(bytes: Uint8Array, random: Random): Uint8Array<ArrayBuffer> {
  let changed = Uint8Array.from(bytes);
  for (let i = below(random, 4); i >= 0; i--) {
    const at = below(random, changed.length + 1);
    const [before, after] = [changed.subarray(0, at), changed.subarray(at)];
    const kind = below(random, 7);
    if (kind === 0 && at < changed.length) changed[at] ^= 1 << below(random, 8);
    else if (kind === 1) changed = changed.slice(0, at);
    else if (kind === 2) changed = joined(before, after.subarray(below(random, 9)));
    else if (kind === 3) changed = joined(before, Uint8Array.of(below(random, 256)), after);
    else if (kind === 4) changed = joined(before, changed.subarray(below(random, changed.length + 1)), after);
    else if (kind === 5 && at < changed.length) changed[at] = pick(random, [0, 1, 0x7f, 0x80, 0xff]);
    else putNumber(changed, random);
  }
  return changed;
}

/** A 32-bit number at the beginning, where formats have their sizes. */
function putNumber(bytes: Uint8Array, random: Random): void {
  const at = 4 * below(random, 6);
  if (at + 4 > bytes.length) return;
  const value = pick(random, [0, 1, 2, 255, 256, 65535, 0x7fffffff, 0x80000000, 0xffffffff, 0x05f5e101]);
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(at, value, below(random, 2) === 0);
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** A safetensors file whose header was changed, with a length that fits, or whose bytes were. */
export function mutateSafetensors(bytes: Uint8Array, random: Random): Uint8Array {
  if (below(random, 4) === 0) return mutateBytes(bytes, random);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = new TextDecoder().decode(bytes.subarray(8, 8 + length));
  const text = new TextEncoder().encode(mutateJson(header, random));
  const start = new Uint8Array(8);
  new DataView(start.buffer).setUint32(0, text.length, true);
  const data = bytes.subarray(8 + length);
  return joined(start, text, below(random, 4) === 0 ? mutateBytes(data, random) : data);
}
