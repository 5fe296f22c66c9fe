/** The cost of a first visit, the page's preview, and the files beside it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseModel } from '../../../src/index.js';
import { parseSmall } from '../../../web/lab/smallBase.js';
import { ISOLATION, launchChromium } from '../../browser/chromium.js';
import { serveFolder } from '../../browser/staticServer.js';
import { BUILT, draw, reads, SEVEN, type Site, visit } from './open.js';

/** Bytes of bodies, gzipped if hosts do so, until the first answer. */
const MOST_BYTES = 450_000;

let site: Site;
const sent: { path: string; bytes: number }[] = [];
beforeAll(async () => {
  const onSent = (path: string, bytes: number) => sent.push({ path, bytes });
  const server = await serveFolder(BUILT, ISOLATION, { gzip: true, onSent });
  const browser = await launchChromium();
  const close = async () => {
    await browser.close();
    server.close();
  };
  site = { browser, server, close };
});
afterAll(() => site.close());

describe('a first visit', () => {
  it('costs little until the first answer, and nothing twice', async () => {
    sent.length = 0;
    const { page, complaints } = await visit(site, { serviceWorkers: 'block' });
    await draw(page, ...SEVEN);
    await reads(page, 7, 'before');
    const needed = sent.filter(({ path }) => !path.startsWith('quick-'));
    const table = needed.map(({ path, bytes }) => `${path} ${bytes}`).join('\n');
    // What both pages share, at once and later, is in files whose names the bundler chooses: code and styles of each.
    const isShared = (name: string) => /^assets\/(?!index|worker|relaxed)\w+\.(js|css)$/.test(name);
    const all = needed.map(({ path }) => path.replace(/-[\w-]{8}\./, '.'));
    const names = all.filter((name) => !isShared(name));
    expect(all.filter(isShared).length, table).toBeLessThanOrEqual(4);
    // The part for WebGPU, other builds of the kernels and MNIST are not among them.
    expect(names.sort(), table).toEqual([
      '',
      'assets/index.css',
      'assets/index.js',
      'assets/relaxed-shared.wasm',
      'assets/worker.js',
      'base-small.bin',
    ]);
    const total = needed.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(total, table).toBeLessThan(MOST_BYTES);
    // Files that load after the answer do not delay it.
    const order = sent.map(({ path }) => path);
    const firstQuick = order.findIndex((path) => path.startsWith('quick-'));
    if (firstQuick >= 0) expect(firstQuick).toBeGreaterThan(order.indexOf('base-small.bin'));
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('reads with the network that is handed to the worker, or with one that it fetches where that is damaged', async () => {
    const context = await site.browser.newContext({ serviceWorkers: 'block' });
    const page = await context.newPage();
    let asked = 0;
    await context.route('**/base-small.bin', async (route) => {
      asked++;
      if (asked > 1) return route.continue();
      const bytes = await readFile(join(BUILT, 'base-small.bin'));
      bytes[bytes.length - 1] ^= 1;
      return route.fulfill({ body: bytes });
    });
    await page.goto(site.server.url);
    await draw(page, ...SEVEN);
    await reads(page, 7, 'before');
    expect(asked).toBe(2);
    await context.close();
  });
});

describe('the page', () => {
  it('says what it is to those who show a preview, with a picture of 1200 × 630', async () => {
    const { page } = await visit(site, { serviceWorkers: 'block' });
    const said = async (what: string) =>
      page.locator(`meta[property="${what}"], meta[name="${what}"]`).first().getAttribute('content');
    expect(await said('og:title')).toBe('Teach a network your handwriting');
    expect(await said('og:type')).toBe('website');
    expect((await said('og:description'))?.length).toBeGreaterThan(60);
    expect(await said('twitter:card')).toBe('summary_large_image');
    const address = new URL((await said('og:image')) ?? '', site.server.url);
    const picture = await fetch(address);
    expect(picture.headers.get('Content-Type')).toBe('image/png');
    const png = Buffer.from(await picture.arrayBuffer());
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    const size = [png.readUInt32BE(16), png.readUInt32BE(20)];
    expect(size).toEqual([1200, 630]);
    expect([await said('og:image:width'), await said('og:image:height')]).toEqual(size.map(String));
    await page.context().close();
  });

  it('has a manifest whose pictures exist in the stated sizes', async () => {
    const { page } = await visit(site, { serviceWorkers: 'block' });
    const href = await page.locator('link[rel=manifest]').getAttribute('href');
    const address = new URL(href ?? '', site.server.url);
    const manifest = (await (await fetch(address)).json()) as {
      start_url: string;
      icons: { src: string; sizes: string }[];
    };
    expect(new URL(manifest.start_url, address).href).toBe(site.server.url);
    expect(manifest.icons).toHaveLength(2);
    for (const { src, sizes } of manifest.icons) {
      const png = Buffer.from(await (await fetch(new URL(src, address))).arrayBuffer());
      expect(`${png.readUInt32BE(16)}x${png.readUInt32BE(20)}`).toBe(sizes);
    }
    await page.context().close();
  });

  it('takes nothing from other hosts, and works with that', async () => {
    const { page } = await visit(site, { serviceWorkers: 'block' });
    const refused: string[] = [];
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) refused.push(message.text());
    });
    await page.reload();
    await draw(page, ...SEVEN);
    await reads(page, 7, 'before');
    expect(refused).toEqual([]);
    const ask = (code: string) => page.evaluate(code).catch(String);
    expect(await ask("fetch('https://example.org/').then(() => 'answered')")).toContain('Failed to fetch');
    const inline = "const script = document.createElement('script'); script.text = 'globalThis.ran = true'";
    expect(await ask(`${inline}; document.body.append(script); globalThis.ran`)).toBeUndefined();
    const told = refused.join('\n');
    expect(told).toContain('https://example.org/');
    expect(told).toContain('inline script');
    await page.context().close();
  });

  it('says without scripts why it shows nothing', async () => {
    const context = await site.browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(site.server.url);
    const sentence = page.locator('noscript');
    expect((await sentence.boundingBox())?.height).toBeGreaterThan(0);
    expect(await sentence.textContent()).toContain('requires JavaScript');
    await context.close();
  });
});

describe('the files beside the page', () => {
  it('have one network, in f32 what the int8 stands for bit for bit', async () => {
    const read = (name: string) => readFile(join(BUILT, name));
    const whole = parseModel(await read('base.safetensors'), 'base');
    const small = parseSmall(gunzipSync(await read('base-small.bin')), 'small');
    expect([...small.keys()].sort()).toEqual([...whole.keys()].sort());
    for (const [name, { shape, data }] of whole) {
      const other = small.get(name);
      expect(other?.shape).toEqual(shape);
      const bits = (values: ArrayLike<number>) => Buffer.from(Float32Array.from(values).buffer);
      expect(bits(other?.data ?? []).equals(bits(data))).toBe(true);
    }
  });
});
