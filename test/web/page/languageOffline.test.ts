/** The language-model page without a network, after a visit with one. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askChat, hasLanguageModel, languageUrl, loadModel, seen } from './languagePage.js';
import { openSite, type Site, visit } from './open.js';

const SOON = { timeout: 30_000 };

/** Waits until the service worker has all files of the build that the page requires. */
async function keptWhole(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const script = await (await fetch('sw.js')).text();
    const names = [...script.matchAll(/"([^"]+)":"[0-9a-f]{64}"/g)].map(([, name]) => name);
    const first = names.filter((name) => !/^(train|test)(Images|Labels)\.bin$/.test(name));
    for (;;) {
      const all = await Promise.all(
        (await caches.keys()).map(async (name) => (await caches.open(name)).keys()),
      );
      const paths = all.flat().map(({ url }) => new URL(url).pathname.slice(1) || 'index.html');
      if (first.length > 10 && first.every((name) => paths.includes(name))) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });
}

describe.skipIf(!hasLanguageModel()).each([
  ['sends the headers of isolation', true],
  ['sends no headers', false],
])('on a host that %s', (_, sendsHeaders) => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite(sendsHeaders);
  });
  afterAll(() => site?.close());

  it('opens offline, and its model from the last visit answers', async () => {
    const { page, complaints, requests } = await visit(site, { serviceWorkers: 'allow' });
    const isIsolated = () => page.evaluate(() => globalThis.crossOriginIsolated).catch(() => false);
    // The first page is loaded again, once for this visit, which leaving it too early would cut off.
    await expect.poll(isIsolated, SOON).toBe(true);
    await page.goto(languageUrl(site.server));
    await expect.poll(isIsolated, SOON).toBe(true);
    await page.getByText(/^Recorded on /).waitFor();
    await loadModel(page);
    await keptWhole(page);

    // An unreachable host: the browser's own switch would not affect requests of the service worker.
    site.server.close();
    requests.length = 0;
    await page.reload();
    expect(await isIsolated()).toBe(true);
    await page.getByText(/^Recorded on /).waitFor();
    await page.getByText(/^On this device since/).waitFor();
    await loadModel(page, 60_000);
    await seen(page, '#model', /Ready · CPU, \d+ threads?/, 10_000);
    expect(await askChat(page, 'What is the capital of France?', 'before')).toContain('Paris');
    expect(requests.filter((url) => url.includes('/model/'))).toEqual([]);
    expect(complaints).toEqual([]);
    await page.context().close();
  }, 300_000);
});
