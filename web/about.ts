/** The files beside PEFT's two: what an adapter was taught, and a note for whoever unpacks the zip. */
import { fromBase64, toBase64 } from './base64.js';
import { areDigits, isDigit, isObject } from './kept.js';
import { PIXELS } from './lab/pixels.js';
import type { Example } from './lab/teaching.js';
import type { AdapterFiles, AdapterView, Taught } from './lab/views.js';
import { readme } from './readme.js';

/** File name; PEFT reads only its own two files and ignores this one. */
export const ABOUT = 'lowrank.json';
const README = 'README.md';
const VERSION = 1;

export const MOST_DRAWINGS = 24;
/** Twice the size of all drawings. */
const MOST_BYTES = 64 * 1024;
/** Highest number of steps or drawings: no training run of this page has more. */
const MOST_COUNT = 1e9;
const MOST_SECONDS = 1e6;

/** @param most  largest number of drawings; the latest are taken */
export function aboutFile(taught: Taught, most = MOST_DRAWINGS): Uint8Array {
  const { base, digits, iterations, replay, seconds, drawingCount, drawings } = taught;
  const about = {
    version: VERSION,
    base,
    digits,
    iterations,
    replay,
    seconds: seconds === undefined ? undefined : Math.round(1000 * seconds) / 1000,
    drawingCount,
    drawings: drawings?.slice(-most).map(({ label, pixels }) => ({ label, pixels: toBase64(pixels) })),
  };
  return new TextEncoder().encode(`${JSON.stringify(about)}\n`);
}

/** An adapter's files, with those that PEFT ignores. @param isOwnBase  whether its network is the one that the page ships */
export function withAbout(files: AdapterFiles, view: AdapterView, isOwnBase: boolean): AdapterFiles {
  const text = new TextEncoder().encode(readme(view, isOwnBase));
  return new Map([...files, [ABOUT, aboutFile(view)], [README, text]]);
}

/**
 * Reads and checks an untrusted file.
 * @throws Error saying what is wrong, after the file's name: `is damaged`
 */
export function readAbout(bytes: Uint8Array): Taught {
  if (bytes.length > MOST_BYTES) throw new Error('is too large');
  const about = parsed(bytes);
  if (!isObject(about)) throw new Error('is damaged');
  const { version, base, digits, iterations, replay, seconds }: Record<string, unknown> = { ...about };
  const { drawingCount, drawings }: Record<string, unknown> = { ...about };
  if (version !== VERSION) throw new Error('has a version that this page does not know');
  if (
    !isMissingOr(isName, base) ||
    !areDigits(digits) ||
    new Set(digits).size < digits.length ||
    !isCount(iterations) ||
    !isMissingOr(isCount, drawingCount) ||
    !isMissingOr(isUpTo(1), replay) ||
    !isMissingOr(isUpTo(MOST_SECONDS), seconds) ||
    !isMissingOr(areFew, drawings)
  ) {
    throw new Error('is damaged');
  }
  const taught = { base, digits, iterations, replay, seconds, drawingCount };
  return { ...taught, drawings: drawings?.map(drawingOf) };
}

type Is<T> = (value: unknown) => value is T;

const isMissingOr = <T>(is: Is<T>, value: unknown): value is T | undefined =>
  value === undefined || is(value);

const isName = (value: unknown): value is string =>
  typeof value === 'string' && /^[\w:.-]{1,80}$/.test(value);

const isUpTo =
  (most: number): Is<number> =>
  (value): value is number =>
    typeof value === 'number' && value >= 0 && value <= most;

const isCount = (value: unknown): value is number => isUpTo(MOST_COUNT)(value) && Number.isInteger(value);

const areFew = (value: unknown): value is unknown[] => Array.isArray(value) && value.length <= MOST_DRAWINGS;

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new Error('is damaged', { cause: error });
  }
}

function drawingOf(value: unknown): Example {
  const { label, pixels }: Record<string, unknown> = isObject(value) ? { ...value } : {};
  // The length of a drawing's bytes in base64.
  const isWhole = typeof pixels === 'string' && pixels.length === 4 * Math.ceil(PIXELS / 3);
  if (!isDigit(label) || !isWhole) throw new Error('is damaged');
  return { label, pixels: pixelsOf(pixels) };
}

function pixelsOf(text: string): Uint8Array {
  let pixels: Uint8Array | undefined;
  try {
    pixels = fromBase64(text);
  } catch (error) {
    throw new Error('is damaged', { cause: error });
  }
  if (pixels.length !== PIXELS) throw new Error('is damaged');
  return pixels;
}
