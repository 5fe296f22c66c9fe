/** What this device keeps, in words. */
import { count } from '../../format.js';
import type { KeptAdapter } from '../api.js';
import { day } from './model/words.js';

export interface Room {
  /** Bytes used by this page and all others of its origin. */
  readonly used: number;
  /** Bytes that the browser offers. */
  readonly offered: number;
  /** Whether the browser has promised to delete nothing by itself. */
  readonly isKept: boolean;
}

/** `3 kB`, `98 MB`, `4 GB`. */
export function sizeWords(bytes: number): string {
  if (bytes < 1e6) return `${Math.max(1, Math.round(bytes / 1e3))} kB`;
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${Math.round(bytes / 1e9)} GB`;
}

/** `10 MB, 24 examples, from 30 Nov`. */
export function keptAdapterWords({ bytes, rows, since }: KeptAdapter): string {
  const taught = rows === 0 ? '' : `${count(rows, 'example')}, `;
  return `${sizeWords(bytes)}, ${taught}from ${day(since)}`;
}

export function roomSentence({ used, offered, isKept }: Room): string {
  const keeps = isKept
    ? 'The browser has promised to keep it.'
    : 'The browser may delete it when space runs low: download what you want to keep.';
  return `This site uses ${sizeWords(used)} of the ${sizeWords(offered)} that this browser offers. ${keeps}`;
}
