/**
 * Examples and settings as an address of the page, after `#e=`: whoever opens it presses Teach. It carries no weights. Its
 * contents are untrusted, and checked.
 */
import { deflateSync, Inflate } from 'fflate';
import { fromBase64Url, toBase64Url } from '../base64.js';
import type { TeachSettings } from './api.js';

export interface SharedExamples {
  readonly rows: readonly { readonly prompt: string; readonly answer: string }[];
  readonly system?: string | undefined;
  readonly settings?: TeachSettings | undefined;
}

const START = '#e=';
/** Longest link that programs pass on whole. */
export const LONGEST_LINK = 8000;
const MOST_TEXT_BYTES = 512 * 1024;
const MOST_ROWS = 500;
const MOST_CHARS = 20_000;

/** Whether the hash of an address carries examples. */
export const hasExamples = (hash: string): boolean => hash.startsWith(START);

/** @throws Error with a sentence if they do not fit */
export function examplesLink({ rows, system, settings }: SharedExamples, url: string): string {
  const plain = { v: 1, rows: rows.map(({ prompt, answer }) => [prompt, answer]), system, settings };
  const packed = deflateSync(new TextEncoder().encode(JSON.stringify(plain)), { level: 9 });
  const link = new URL(url);
  link.hash = START + toBase64Url(packed);
  if (link.href.length > LONGEST_LINK)
    throw new Error('There are too many examples for a link: send the project file instead.');
  return link.href;
}

/**
 * @param hash  of the page's address
 * @returns undefined if the address carries no examples
 * @throws Error with a sentence for a person
 */
export function examplesIn(hash: string): SharedExamples | undefined {
  if (!hasExamples(hash)) return undefined;
  if (hash.length > LONGEST_LINK) throw new Error('This link is too long to carry examples for this page.');
  try {
    const text = inflated(fromBase64Url(hash.slice(START.length)));
    return checkedExamples(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text)));
  } catch (error) {
    throw new Error('This link is damaged or was cut short: ask for it again.', { cause: error });
  }
}

/** Unpacks piece by piece, and ends as soon as the result exceeds the size of any examples. */
function inflated(packed: Uint8Array): Uint8Array {
  const pieces: Uint8Array[] = [];
  let length = 0;
  let isWhole = false;
  const inflate = new Inflate((piece, isLast) => {
    length += piece.length;
    if (length > MOST_TEXT_BYTES) throw new Error('unpacks to more than examples are');
    pieces.push(piece);
    isWhole = isLast;
  });
  // A byte unpacks to at most 1,032.
  const size = 256;
  for (let at = 0; at < packed.length; at += size) {
    inflate.push(packed.subarray(at, at + size), at + size >= packed.length);
  }
  if (!isWhole) throw new Error('cut short');
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** @throws Error for anything else */
export function checkedExamples(value: unknown): SharedExamples {
  if (!isObject(value) || value.v !== 1 || !Array.isArray(value.rows)) throw new Error('other contents');
  if (value.rows.length > MOST_ROWS) throw new Error('too many rows');
  const rows = value.rows.map((row: unknown) => {
    if (!Array.isArray(row) || row.length !== 2) throw new Error('a row of another form');
    return { prompt: checkedText(row[0]), answer: checkedText(row[1]) };
  });
  return {
    rows,
    system: value.system === undefined ? undefined : checkedText(value.system),
    settings: value.settings === undefined ? undefined : checkedSettings(value.settings),
  };
}

function checkedText(value: unknown): string {
  if (typeof value !== 'string' || value.length > MOST_CHARS) throw new Error('no text');
  return value;
}

type Bounds = readonly [least: number, most: number, kind: 'whole' | 'any'];

const BOUNDS = {
  rank: [1, 256, 'whole'],
  alpha: [0.01, 4096, 'any'],
  learningRate: [1e-7, 1, 'any'],
  epochs: [1, 1000, 'whole'],
  batch: [1, 64, 'whole'],
  maxLength: [8, 8192, 'whole'],
  seed: [0, 2 ** 31 - 1, 'whole'],
  heldOut: [0, 0.5, 'any'],
} as const satisfies Record<string, Bounds>;

function checkedSettings(value: unknown): TeachSettings {
  if (!isObject(value) || typeof value.isMemoryTight !== 'boolean') throw new Error('other settings');
  const names = Object.keys(BOUNDS) as (keyof typeof BOUNDS)[];
  const numbers = names.map((name) => [name, checkedNumber(value[name], BOUNDS[name])]);
  const lastLayers =
    value.lastLayers === undefined ? undefined : checkedNumber(value.lastLayers, [1, 1000, 'whole']);
  const known: Record<keyof typeof BOUNDS, number> = Object.fromEntries(numbers);
  // Links from before there was a choice have none.
  const { isMemoryTight, trainsPrompts = false } = value;
  if (typeof trainsPrompts !== 'boolean') throw new Error('other settings');
  return { ...known, lastLayers, trainsPrompts, isMemoryTight };
}

function checkedNumber(value: unknown, [least, most, kind]: Bounds): number {
  if (typeof value !== 'number' || !(value >= least && value <= most))
    throw new Error('a number out of range');
  if (kind === 'whole' && !Number.isInteger(value)) throw new Error('no whole number');
  return value;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
