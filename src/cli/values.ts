/** Texts of the command line read strictly; every error is `option: rule: value`. */
import { UsageError } from './errors.js';

/** Limit above every sensible count, and below numbers where arithmetic on counts would lose digits. */
export const MAX_COUNT = 1_000_000_000;
export const MAX_THREADS = 64;
export const MAX_SEED = 2 ** 32 - 1;

/** One of the allowed words. */
export function oneOf<T extends string>(option: string, text: string, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === text);
  if (found === undefined) throw broken(option, `must be one of ${allowed.join(', ')}`, text);
  return found;
}

/** An integer of decimal digits only: no sign, no fraction, no exponent, no space. */
export function integerIn(option: string, text: string, least: number, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least)) throw broken(option, leastRule(least), text);
  if (value > most) throw broken(option, `must be at most ${most}`, text);
  return value;
}

function leastRule(least: number): string {
  if (least === 1) return 'must be a positive integer';
  return least === 0 ? 'must be a non-negative integer' : `must be an integer of at least ${least}`;
}

/** A decimal number above 0. */
export function positive(option: string, text: string): number {
  const value = /^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  if (value > 0 && value < Number.POSITIVE_INFINITY) return value;
  throw broken(option, 'must be a number above 0', text);
}

/** A decimal number from 0 to `most`. */
export function upTo(option: string, text: string, most: number): number {
  const value = /^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  if (value >= 0 && value <= most) return value;
  throw broken(option, `must be a number from 0 to ${most}`, text);
}

/** A decimal number from 0 to below 1. */
export function fraction(option: string, text: string): number {
  const value = /^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  if (value >= 0 && value < 1) return value;
  throw broken(option, 'must be at least 0 and below 1', text);
}

/** Values with commas between, each once, in their order. @param read  one of them, with its own rule */
export function listOf(
  option: string,
  text: string,
  read: (option: string, part: string) => number,
): number[] {
  const values = text.split(',').map((part) => read(option, part.trim()));
  const twice = values.find((value, i) => values.indexOf(value) !== i);
  if (twice !== undefined) throw broken(option, `must name each value once, ${twice} appears twice`, text);
  return values;
}

/** Digits with commas between, each once; ascending. */
export function digitList(option: string, text: string): number[] {
  const digits = text.split(',').map((part) => {
    if (/^\s*[0-9]\s*$/.test(part)) return Number(part);
    throw broken(option, 'must be digits from 0 to 9 with commas between, such as 2,3,5', text);
  });
  const twice = digits.find((digit, i) => digits.indexOf(digit) !== i);
  if (twice !== undefined) throw broken(option, `must name each digit once, ${twice} appears twice`, text);
  return digits.sort((a, b) => a - b);
}

/** Any text but the empty one. */
export function path(option: string, text: string): string {
  if (text === '') throw broken(option, 'must be a path', text);
  return text;
}

/** `option: rule: value` */
export function broken(option: string, rule: string, text: string): UsageError {
  return new UsageError(`${option}: ${rule}: ${text === '' ? '(empty)' : text}`);
}

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
};

/** Bytes, such as `2GB`, `1.5 GiB` or `800000000`. */
export function bytesOf(option: string, text: string): number {
  const [, digits, unit] = /^(\d+\.?\d*)\s*([kmg]?i?b?)$/i.exec(text) ?? [];
  const bytes = Number(digits) * (UNITS[unit?.toLowerCase()] ?? Number.NaN);
  if (bytes >= 1) return Math.floor(bytes);
  throw broken(option, 'must be a size, such as 2GB or 1500MiB', text);
}
