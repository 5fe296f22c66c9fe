/** The built page in Chromium, as a visitor sees it. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Browser, BrowserContextOptions, Locator, Page, Worker } from 'playwright-core';
import { ISOLATION, launchChromium } from '../../browser/chromium.js';
import { type StaticServer, serveFolder } from '../../browser/staticServer.js';

export const BUILT = new URL('../../../build/web/', import.meta.url).pathname;

export interface Site {
  readonly browser: Browser;
  readonly server: StaticServer;
  close(): Promise<void>;
}

export async function openSite(isIsolated = true): Promise<Site> {
  const server = await serveFolder(BUILT, isIsolated ? ISOLATION : {});
  const browser = await launchChromium();
  // Requests of a service worker bypass the routes of a test, so it is blocked; its own tests allow it.
  const newContext = browser.newContext.bind(browser);
  browser.newContext = (options) => newContext({ serviceWorkers: 'block', ...options });
  const close = async () => {
    await browser.close();
    server.close();
  };
  return { browser, server, close };
}

export interface Visit {
  readonly page: Page;
  /** Requests to other hosts, and uncaught errors. */
  readonly complaints: string[];
  /** All requests of the page and its worker. */
  readonly requests: string[];
}

/** A visitor with a browser profile of their own. */
export async function visit({ browser, server }: Site, options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext({ acceptDownloads: true, ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  context.on('request', (request) => {
    const url = request.url();
    requests.push(url);
    if (!url.startsWith(server.url) && !/^(blob|data):/.test(url)) complaints.push(url);
  });
  await page.goto(server.url);
  return { page, complaints, requests };
}

/** Waits until the page is idle and the answers are counted. */
export async function settled(page: Page, timeout = 30_000): Promise<void> {
  await page.locator('.counts td').first().waitFor({ state: 'attached', timeout });
  await page.locator('main[aria-busy="false"]').waitFor({ timeout });
}

/** The digit that is shown large; empty if nothing is drawn. */
export const figure = async (page: Page): Promise<string> =>
  ((await page.locator('.figure').textContent()) ?? '').trim();

/** Waits until the page reads a digit, with the original network or with the adapter. */
export async function reads(page: Page, digit: number, side: 'before' | 'after'): Promise<void> {
  const kind = side === 'before' ? '.answer.base' : '.answer.adapted';
  await page.locator(`${kind} .figure`, { hasText: String(digit) }).waitFor();
}

export const button = (page: Page, name: string | RegExp): Locator => page.getByRole('button', { name });

/** Strokes in shares of the pad's width. */
export async function draw(page: Page, ...strokes: readonly (readonly [number, number])[][]): Promise<void> {
  const pad = page.locator('.pad');
  await pad.scrollIntoViewIfNeeded();
  const box = await pad.boundingBox();
  if (!box) throw new Error('the pad is not to be seen');
  for (const [first, ...rest] of strokes) {
    const to = ([x, y]: readonly [number, number]) =>
      [box.x + x * box.width, box.y + y * box.height] as const;
    await page.mouse.move(...to(first));
    await page.mouse.down();
    for (const point of rest) await page.mouse.move(...to(point), { steps: 6 });
    await page.mouse.up();
  }
}

export const SEVEN = [
  [
    [0.28, 0.22],
    [0.7, 0.22],
    [0.42, 0.8],
  ],
] as [number, number][][];

export const ONE = [
  [
    [0.5, 0.15],
    [0.5, 0.85],
  ],
] as [number, number][][];

/** Wrong answers by digit, from the table of the counts. */
export async function countsOf(page: Page, column: 'base' | 'adapted'): Promise<number[]> {
  const cells = page.locator(`.counts tbody tr td:nth-child(${column === 'base' ? 2 : 3})`);
  const texts = await cells.allTextContents();
  return texts.slice(0, 10).map((text) => Number(text.replaceAll(',', '')));
}

/** Opens what is folded. */
export async function openMore(page: Page): Promise<void> {
  const more = page.locator('#more details');
  if (!(await more.evaluate(({ open }: HTMLDetailsElement) => open))) await more.locator('summary').click();
}

/** Draws a digit, teaches its label, and waits until that is learned. */
export async function teachAs(page: Page, label: number, strokes: typeof ONE): Promise<void> {
  const before = await page.locator('.drawings li').count();
  await draw(page, ...strokes);
  await button(page, `This is a ${label}`).click();
  await page.locator('.drawings li').nth(before).waitFor();
  await page.locator('main[aria-busy="false"]').waitFor();
}

/** Sets a number among the settings. */
export async function set(page: Page, name: string, value: number): Promise<void> {
  await openMore(page);
  await page.getByRole('spinbutton', { name }).fill(String(value));
}

/** Fetches all of MNIST, and waits until the answers to it are counted. */
export async function fetchMnist(page: Page): Promise<void> {
  await openMore(page);
  await button(page, 'Download all of MNIST').click();
  await page.getByText('of 10,000 test images right').first().waitFor();
  await page.locator('main[aria-busy="false"]').waitFor();
}

/** Teaches the digits of MNIST that are ticked. */
export async function practise(page: Page): Promise<void> {
  await Promise.all([page.locator('main[aria-busy="true"]').waitFor(), button(page, 'Practise').click()]);
  await page.locator('main[aria-busy="false"]').waitFor();
}

/** Undoes what the page has just reported. */
export const undoSaid = (page: Page): Promise<void> =>
  page.locator('.messages').getByRole('button', { name: 'Undo' }).click();

/** Starts a long training run. */
export async function teachLong(page: Page): Promise<void> {
  await set(page, 'Training steps', 20_000);
  await button(page, 'Teach again with these').click();
  await page.getByText('while it learns').waitFor();
}

/** Teaches again with the current settings, to the end. */
export async function teachAgain(page: Page): Promise<void> {
  await openMore(page);
  await Promise.all([
    page.locator('main[aria-busy="true"]').waitFor(),
    button(page, 'Teach again with these').click(),
  ]);
  await page.locator('main[aria-busy="false"]').waitFor();
}

/** The newest worker, since one that has died may still be listed. */
export function labWorker(page: Page): Worker {
  const found = page
    .workers()
    .filter((worker) => worker.url().includes('assets/worker'))
    .at(-1);
  if (!found) throw new Error('the page has no worker');
  return found;
}

/** The file that the page saves while a function runs. */
export async function downloadOf(page: Page, act: () => Promise<void>): Promise<Buffer> {
  const [file] = await Promise.all([page.waitForEvent('download', { timeout: 60_000 }), act()]);
  return readFile(await file.path());
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Problems that axe finds, one line each. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  // Through the debugger, so that the page itself loads nothing for it.
  await page.evaluate(axeSource);
  const found = await page.evaluate<{ id: string; nodes: { html: string; failureSummary: string }[] }[]>(
    'axe.run().then(({ violations }) => violations)',
  );
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  );
}
