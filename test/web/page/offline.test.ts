/** The page offline, on hosts with and without headers, and when there is a new version. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { makeServiceWorker } from '../../../web/plugins/serviceWorker.js';
import { ISOLATION, launchChromium } from '../../browser/chromium.js';
import { type StaticServer, serveFolder } from '../../browser/staticServer.js';
import { BUILT, draw, ONE, reads, SEVEN, visit } from './open.js';

let browser: Browser;
let server: StaticServer;
let folder: string;
let sent: string[] = [];

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());
afterEach(async () => {
  server.close();
  await Promise.all(browser.contexts().map((context) => context.close()));
  await rm(folder, { recursive: true });
});

/** A host with a copy of the page. */
async function deploy(headers: Record<string, string>): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), 'lowrank-page-'));
  await cp(BUILT, folder, { recursive: true });
  sent = [];
  server = await serveFolder(folder, headers, { onSent: (path) => sent.push(path) });
}

/** The next version: another title, and a main script of another name. */
async function deployNext(title: string): Promise<void> {
  const page = join(folder, 'index.html');
  const html = await readFile(page, 'utf8');
  const script = /assets\/index-[\w-]+\.js/.exec(html)?.[0] ?? '';
  const renamed = `assets/index-${title.padEnd(8, 'x')}.js`;
  await writeFile(join(folder, renamed), `${await readFile(join(folder, script), 'utf8')}\n// ${title}`);
  await rm(join(folder, script));
  await writeFile(
    page,
    html.replace(script, renamed).replace(/<title>.*<\/title>/, `<title>${title}</title>`),
  );
  await writeFile(join(folder, 'sw.js'), await makeServiceWorker(folder));
}

const open = () => visit({ browser, server, close: async () => {} }, { serviceWorkers: 'allow' });

/** Waits until a cache has everything that an offline visit requires. @returns number of caches */
async function kept(page: Page): Promise<number> {
  return page.evaluate(async () => {
    for (;;) {
      const names = await caches.keys();
      const caching = await caches.open(names.at(-1) ?? 'none');
      const paths = (await caching.keys()).map(({ url }) => new URL(url).pathname);
      const isWhole = ['/', '/base-small.bin', '/quick-testLabels.bin'].every((path) => paths.includes(path));
      if (isWhole && paths.filter((path) => path.endsWith('.wasm')).length === 4) return names.length;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });
}

/** Waits until no newer version is being installed. */
async function installed(page: Page): Promise<void> {
  const isIdle = () =>
    page.evaluate(async () => {
      const found = await navigator.serviceWorker.getRegistration();
      return found !== undefined && !found.installing && !found.waiting;
    });
  await expect.poll(isIdle, SOON).toBe(true);
}

const SOON = { timeout: 15_000 };
const isIsolated = (page: Page) => page.evaluate(() => globalThis.crossOriginIsolated);

describe.each([
  ['sends the headers of isolation', ISOLATION, 0],
  ['sends no headers', {}, 1],
])('on a host that %s', (_, headers, reloads) => {
  it('is isolated, and works offline after one visit', async () => {
    await deploy(headers);
    const { page, complaints, requests } = await open();
    let loads = 0;
    page.on('load', () => loads++);
    await expect.poll(() => isIsolated(page).catch(() => false), SOON).toBe(true);
    await draw(page, ...SEVEN);
    await reads(page, 7, 'before');
    await kept(page);
    expect(loads).toBeLessThanOrEqual(reloads + 1);
    // An unreachable host: the browser's own switch would not affect requests of the service worker.
    server.close();
    requests.length = 0;
    await page.reload();
    expect(await isIsolated(page)).toBe(true);
    await draw(page, ...ONE);
    await reads(page, 1, 'before');
    // The build of the kernels for threads.
    expect(requests.filter((url) => url.includes('-shared'))).not.toEqual([]);
    expect(complaints).toEqual([]);
  });
});

describe('a host that sends no headers', () => {
  it('has one reload, and none where something was drawn by then', async () => {
    await deploy({});
    const { page } = await open();
    await expect.poll(() => isIsolated(page).catch(() => false), SOON).toBe(true);
    const navigations: string[] = [];
    page.on('framenavigated', (frame) => navigations.push(frame.url()));
    await kept(page);
    await page.waitForTimeout(500);
    expect(navigations).toEqual([]);

    const context = await browser.newContext();
    // The service worker is late.
    await context.addInitScript(() => {
      const register = navigator.serviceWorker.register.bind(navigator.serviceWorker);
      navigator.serviceWorker.register = async (...args) => {
        await new Promise((resolve) => {
          Reflect.set(globalThis, 'letRegister', resolve);
        });
        return register(...args);
      };
    });
    const other = await context.newPage();
    await other.goto(server.url);
    await draw(other, ...SEVEN);
    await reads(other, 7, 'before');
    await other.evaluate(() => Reflect.get(globalThis, 'letRegister')());
    await other.evaluate(() => navigator.serviceWorker.ready);
    await kept(other);
    expect(await isIsolated(other)).toBe(false);
    await reads(other, 7, 'before');
    // The next visit is.
    await other.reload();
    expect(await isIsolated(other)).toBe(true);
  });

  it.each([
    ['refuses', "navigator.serviceWorker.register = () => Promise.reject(new Error('no'))"],
    ['throws', "navigator.serviceWorker.register = () => { throw new Error('no') }"],
    ['has none', 'delete Navigator.prototype.serviceWorker'],
  ])('goes on where the browser %s', async (_, script) => {
    await deploy({});
    const context = await browser.newContext();
    await context.addInitScript(script);
    const page = await context.newPage();
    const errors: unknown[] = [];
    page.on('pageerror', (error) => errors.push(error));
    await page.goto(server.url);
    await draw(page, ...SEVEN);
    await reads(page, 7, 'before');
    expect(await isIsolated(page)).toBe(false);
    expect(errors).toEqual([]);
  });
});

describe('a new version', () => {
  it('replaces the one before as a whole, and asks for no more than what has changed', async () => {
    await deploy(ISOLATION);
    const { page, complaints } = await open();
    await draw(page, ...SEVEN);
    await reads(page, 7, 'before');
    await kept(page);
    const titles = async () => {
      sent.length = 0;
      await page.reload();
      return page.title();
    };
    await deployNext('second');
    // This visit still shows the kept version, and fetches the new one.
    expect(await titles()).toMatch(/^lowrank/);
    await draw(page, ...SEVEN);
    await reads(page, 7, 'before');
    await expect.poll(() => page.evaluate(async () => (await caches.keys()).length), SOON).toBe(2);
    await expect.poll(() => sent.includes('assets/index-secondxx.js'), SOON).toBe(true);
    await kept(page);
    const changed = ['', 'sw.js', 'assets/index-secondxx.js'];
    expect(sent.filter((path) => !changed.includes(path))).toEqual([]);
    await installed(page);
    expect(await titles()).toBe('second');
    await draw(page, ...ONE);
    await reads(page, 1, 'before');
    await deployNext('third');
    await titles();
    await expect.poll(() => sent.includes('assets/index-thirdxxx.js'), SOON).toBe(true);
    await installed(page);
    expect(await titles()).toBe('third');
    // Nothing of the first version is left.
    expect(await kept(page)).toBe(2);
    expect(complaints).toEqual([]);
  });

  it('that arrives half is not taken', async () => {
    await deploy(ISOLATION);
    const { page } = await open();
    await draw(page, ...SEVEN);
    await kept(page);
    await deployNext('second');
    const script = join(folder, 'assets/index-secondxx.js');
    await writeFile(script, 'this is not the script');
    for (let visits = 0; visits < 3; visits++) {
      sent.length = 0;
      await page.reload();
      expect(await page.title()).toMatch(/^lowrank/);
      // The browser checks it each time.
      await expect.poll(() => sent.includes('assets/index-secondxx.js'), SOON).toBe(true);
      await installed(page);
    }
    await draw(page, ...SEVEN);
    await reads(page, 7, 'before');
  });
});
