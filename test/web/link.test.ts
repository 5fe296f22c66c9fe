/** Adapters that go from one lab to another, in a zip and in a link. */

import fc from 'fast-check';
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Adam, fit, selectDevice, serializeModel } from '../../src/index.js';
import { DigitsNet, parseMnist } from '../../src/mnist/index.js';
import { mnistFiles } from '../../src/node/mnist.js';
import { withAbout } from '../../web/about.js';
import { adapterAmong, zipAdapter } from '../../web/adapterZip.js';
import { fromBase64Url, toBase64Url } from '../../web/base64.js';
import { Lab } from '../../web/lab/lab.js';
import { PIXELS } from '../../web/lab/pixels.js';
import type { AdapterFiles, SavedAdapter } from '../../web/lab/views.js';
import { linkObstacle, makeLink, readLink } from '../../web/link.js';
import { trainImages } from '../support/mnistData.js';

const URL_OF_PAGE = 'https://example.org/lowrank/?x=1#old';
const { device } = await selectDevice({ prefer: 'wasm', threads: 1 });

const { images } = (await parseMnist(await mnistFiles())).test;
/** Images that the network has not seen. */
const IMAGES = Array.from({ length: 400 }, (_, i) => images.slice(i * PIXELS, (i + 1) * PIXELS));

async function trained(seed: number): Promise<Uint8Array> {
  const model = new DigitsNet(device, { seed });
  const optimizer = new Adam(model.parameters(), { learningRate: 0.001 });
  await fit(model, trainImages(device, 2000), { epochs: 1, batchSize: 10, optimizer, seed });
  return serializeModel(await model.stateDict());
}

async function labWith(base: Uint8Array): Promise<Lab> {
  const lab = new Lab();
  await lab.open('wasm', () => {});
  await lab.install({ base });
  return lab;
}

let base: Uint8Array;
let sharer: Lab;
let adapter: SavedAdapter;

beforeAll(async () => {
  base = await trained(0);
  sharer = await labWith(base);
  const drawings = IMAGES.slice(0, 30).map((pixels, i) => ({ pixels, label: i < 15 ? 0 : 1 }));
  const settings = { rank: 2, alpha: 8, learningRate: 0.002, iterations: 200, replay: 0 };
  const { adapter: taught } = await sharer.teach({ what: { drawings }, ...settings }, () => {});
  if (!taught) throw new Error('nothing was taught');
  adapter = taught;
});
afterAll(() => device.dispose());

const linkOf = ({ files, view }: SavedAdapter) => makeLink({ files, view, url: URL_OF_PAGE });
const hashOf = (link: string) => new URL(link).hash;
const textOf = (parts: AdapterFiles) => `#a=${toBase64Url(zipAdapter(parts))}`;
const filesIn = (hash: string): AdapterFiles => readLink(hash) ?? new Map();

describe('a link', () => {
  it('gives another lab the same answers, and what was taught', async () => {
    const friend = await labWith(base);
    const { note, view } = await friend.loadAdapter(filesIn(hashOf(linkOf(adapter))));
    expect(note).toBeUndefined();
    const { drawings, ...rest } = adapter.view;
    expect(view).toEqual({
      ...rest,
      seconds: Math.round(1000 * (rest.seconds ?? 0)) / 1000,
      drawings: drawings?.slice(-1),
    });
    expect(drawings).toHaveLength(24);
    let [largest, changed] = [0, 0];
    for (const pixels of IMAGES.slice(30)) {
      const [mine, theirs] = await Promise.all([sharer.predict(pixels), friend.predict(pixels)]);
      for (const digit of Array(10).keys()) {
        const answer = theirs.adapted?.[digit] ?? Number.NaN;
        largest = Math.max(largest, Math.abs((mine.adapted?.[digit] ?? 0) - answer));
        changed = Math.max(changed, Math.abs(mine.base[digit] - answer));
      }
    }
    expect(largest).toBeLessThan(1e-6);
    expect(changed).toBeGreaterThan(0.5);
  });

  it('is an address of the page that programs pass on', () => {
    const link = linkOf(adapter);
    expect(link).toMatch(/^https:\/\/example\.org\/lowrank\/\?x=1#a=[\w-]+$/);
    expect(link.length).toBeLessThan(20_000);
  });

  it('is a zip that any program unpacks', () => {
    const parts = unzipSync(fromBase64Url(hashOf(linkOf(adapter)).slice('#a='.length)));
    expect(parts).toMatchObject(Object.fromEntries(adapter.files));
  });

  it('is not there for what it has no room for, or is of no use', () => {
    expect(linkObstacle(adapter.view, true)).toBeUndefined();
    expect(linkObstacle({ ...adapter.view, rank: 8 }, true)).toMatch(/this one has rank 8/);
    expect(linkObstacle({ ...adapter.view, trainable: 200_000 }, true)).toMatch(/this one is larger/);
    expect(linkObstacle(adapter.view, false)).toMatch(/trained here/);
    const noise = crypto.getRandomValues(new Uint8Array(40_000));
    expect(() => linkOf({ ...adapter, files: new Map([['a', noise]]) })).toThrow(/too large for a link/);
  });

  it.each(['', '#', '#b=abc', '#top', 'a='])('is not what %j is', (hash) => {
    expect(readLink(hash)).toBeUndefined();
  });

  const damaged = /^This link is damaged or was cut short: ask for it again\.$/;
  it.each<[what: string, hash: () => string, sentence: RegExp]>([
    ['nothing in it', () => '#a=', damaged],
    ['its end missing', () => hashOf(linkOf(adapter)).slice(0, -100), damaged],
    ['its beginning missing', () => hashOf(linkOf(adapter)).replace('#a=', '#a=!'), damaged],
    ['a file missing', () => textOf(adapter.files), damaged],
    [
      'a file too many',
      () => textOf(new Map([...adapter.files, ['lowrank.json', new Uint8Array()], ['x', new Uint8Array()]])),
      damaged,
    ],
    [
      'zeros that unpack to more than an adapter',
      () => textOf(new Map([...adapter.files, ['lowrank.json', new Uint8Array(2 ** 20)]])),
      damaged,
    ],
    ['50 MB', () => `#a=${'A'.repeat(50 * 2 ** 20)}`, /^This link is too long to carry an adapter/],
  ])('is refused in one sentence with %s', (_, hash, sentence) => {
    expect(() => readLink(hash())).toThrow(sentence);
  });

  it('is refused before it is decoded where it is too long', () => {
    const decode = vi.spyOn(globalThis, 'atob');
    expect(() => readLink(`#a=${'A'.repeat(40_000)}`)).toThrow(/too long/);
    expect(decode).not.toHaveBeenCalled();
    decode.mockRestore();
  });

  it('is read whole or refused, whatever has happened to it', () => {
    const good = fromBase64Url(hashOf(linkOf(adapter)).slice(3));
    const isReadOrRefused = (hash: string) => {
      try {
        const names = [...filesIn(hash).keys()].sort();
        expect(names).toEqual(['adapter_config.json', 'adapter_model.safetensors', 'lowrank.json']);
      } catch (error) {
        expect((error as Error).message).toMatch(damaged);
      }
    };
    const options = { numRuns: 300, seed: 1 };
    const place = fc.nat(good.length - 1);
    const flipped = (at: number, byte: number) => {
      const bytes = good.slice();
      bytes[at] = byte;
      return `#a=${toBase64Url(bytes)}`;
    };
    fc.assert(
      fc.property(place, fc.nat(255), (at, byte) => isReadOrRefused(flipped(at, byte))),
      options,
    );
    // The directory, which decides what is unpacked.
    fc.assert(
      fc.property(fc.nat(250), fc.nat(255), (back, byte) =>
        isReadOrRefused(flipped(good.length - 1 - back, byte)),
      ),
      options,
    );
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => isReadOrRefused(`#a=${text}`)),
      options,
    );
  });
});

describe('a zip', () => {
  const carried = async (files: AdapterFiles) =>
    adapterAmong([new File([zipAdapter(files)], 'lowrank-adapter.zip')]);

  it('gives another lab what was taught, with all its drawings', async () => {
    const files = await carried(withAbout(adapter.files, adapter.view, true));
    const { view, note, files: kept } = await (await labWith(base)).loadAdapter(files);
    expect(note).toBeUndefined();
    expect(kept).toEqual(adapter.files);
    expect(view).toMatchObject({ digits: [0, 1], iterations: 200, replay: 0 });
    expect(view.drawings).toEqual(adapter.view.drawings);
  });

  it('says what it does not know of a damaged file, and loads the adapter', async () => {
    const files = await carried(new Map([...adapter.files, ['lowrank.json', new Uint8Array(9)]]));
    const { view, note } = await (await labWith(base)).loadAdapter(files);
    expect(note).toBe('What it was taught is not known: its lowrank.json is damaged');
    expect(view).toMatchObject({ digits: [], iterations: 0, rank: 2 });
  });

  it('says so where it was taught on another network', async () => {
    const files = await carried(withAbout(adapter.files, adapter.view, true));
    const other = await labWith(await trained(1));
    const loaded = await other.loadAdapter(files);
    expect(loaded.note).toMatch(/^It was taught on another network/);
    // It still belongs to that network, wherever it goes next.
    expect(loaded.view.base).toBe(adapter.view.base);
  });

  it.each<[what: string, change: (config: string) => string, sentence: RegExp]>([
    [
      'no adapter',
      () => '{}',
      /^This is not a LoRA adapter\. adapter_config\.json: peft_type must be LORA: found nothing/,
    ],
    ['no JSON', () => '{', /^This is not a LoRA adapter\. adapter_config\.json: /],
    [
      'another rank',
      (config) => config.replace('"r": 2', '"r": 3'),
      /^This adapter does not fit this network, or it is damaged\. .*linear1/,
    ],
  ])('is refused with %s, and what there was stays', async (_, change, sentence) => {
    const name = 'adapter_config.json';
    const text = change(new TextDecoder().decode(adapter.files.get(name)));
    const files = new Map([...adapter.files, [name, new TextEncoder().encode(text)] as const]);
    const before = await sharer.predict(IMAGES[40]);
    await expect(sharer.loadAdapter(await carried(files))).rejects.toThrow(sentence);
    expect(await sharer.predict(IMAGES[40])).toEqual(before);
  });
});
