/**
 * A small adapter as an address of the page: its zip as text after `#a=`. Sixteen bits per number would halve the link and
 * change answers by up to 0.02, so the link keeps all bits, and the answers are the same.
 */
import { ABOUT, aboutFile } from './about.js';
import { zipAdapter } from './adapterZip.js';
import { fromBase64Url, toBase64Url } from './base64.js';
import type { AdapterFiles, AdapterView } from './lab/views.js';
import { entriesOf, unpack } from './zip.js';

const START = '#a=';
const FILES = ['adapter_config.json', 'adapter_model.safetensors', ABOUT];

/** An adapter of rank 2 on each layer, with the biases, has 3,518. */
const MOST_NUMBERS = 4000;
const HIGHEST_RANK = 2;
/** Longest hash: twice the length of such an adapter's. */
const LONGEST = 40_000;
/** Bytes of the unpacked files: anything larger is not an adapter of this size. */
const MOST_BYTES = 64 * 1024;

/** Whether the hash of an address is that of a link. */
export const isLink = (hash: string): boolean => hash.startsWith(START);

/** Why there can be no link, as a sentence; undefined if a link is possible. */
export function linkObstacle(view: AdapterView, isOwnBase: boolean): string | undefined {
  if (!isOwnBase)
    return 'A link carries only the adapter, and this one belongs to a network that you trained here.';
  if (view.rank > HIGHEST_RANK)
    return `A link has room for an adapter of rank 1 or 2, and this one has rank ${view.rank}: send the zip instead.`;
  if (view.trainable > MOST_NUMBERS)
    return 'A link has room for an adapter of rank 1 or 2, and this one is larger: send the zip instead.';
  return undefined;
}

export interface LinkParts {
  readonly files: AdapterFiles;
  readonly view: AdapterView;
  /** The address of the page. */
  readonly url: string;
}

/** @throws Error with a sentence if the link would be longer than any program passes on */
export function makeLink({ files, view, url }: LinkParts): string {
  const zip = zipAdapter(new Map([...files, [ABOUT, aboutFile(view, 1)]]));
  const hash = START + toBase64Url(zip);
  if (hash.length > LONGEST) throw new Error('This adapter is too large for a link: send the zip instead.');
  const link = new URL(url);
  link.hash = hash;
  return link.href;
}

/**
 * The files that a link carries; the lab loads them as it loads those of a zip.
 * @param hash  of the page's address
 * @returns undefined if the address carries no adapter
 * @throws Error with a sentence for a person
 */
export function readLink(hash: string): AdapterFiles | undefined {
  if (!isLink(hash)) return undefined;
  if (hash.length > LONGEST) throw new Error('This link is too long to carry an adapter of this page.');
  try {
    const entries = entriesOf(fromBase64Url(hash.slice(START.length)), FILES.length);
    const names = entries.map(({ path }) => path).sort();
    if (names.join() !== FILES.join()) throw new Error('other files');
    const contents = unpack(entries, MOST_BYTES);
    return new Map(entries.map(({ path }, i) => [path, contents[i]]));
  } catch (error) {
    throw new Error('This link is damaged or was cut short: ask for it again.', { cause: error });
  }
}
