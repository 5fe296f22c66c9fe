/** Stops for a worker that shares no memory with its page. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { HeardAddresses } from '../../../web/language/stopAddresses.js';

const LONG = 1000;
const readable = new Set<string>();
let now = LONG;

/** The part of it that a worker uses. */
class Request {
  status = 0;
  #address = '';

  open(_: string, address: string): void {
    this.#address = address;
  }

  send(): void {
    if (!readable.has(this.#address)) throw new Error('a network error');
    this.status = 200;
  }
}

beforeEach(() => {
  vi.stubGlobal('XMLHttpRequest', Request);
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  for (const address of ['blob:a', 'blob:b']) readable.add(address);
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

it('is raised once its address cannot be read any more, and only once', () => {
  const heard = new HeardAddresses();
  heard.hear('teaching', 'blob:a');
  expect(heard.isRaised('teaching')).toBe(false);
  readable.delete('blob:a');
  expect(heard.isRaised('teaching')).toBe(false);
  now += LONG;
  expect(heard.isRaised('asking')).toBe(false);
  expect(heard.isRaised('teaching')).toBe(true);
  now += LONG;
  expect(heard.isRaised('teaching')).toBe(false);
});

it('is heard beside another one that is always asked first', () => {
  const heard = new HeardAddresses();
  heard.hear('teaching', 'blob:a');
  heard.hear('asking', 'blob:b');
  readable.delete('blob:b');
  now += LONG;
  expect(heard.isRaised('teaching')).toBe(false);
  expect(heard.isRaised('asking')).toBe(true);
});

it('stops nothing in a browser that cannot read addresses', () => {
  readable.clear();
  const heard = new HeardAddresses();
  heard.hear('teaching', 'blob:a');
  now += LONG;
  expect(heard.isRaised('teaching')).toBe(false);
});
