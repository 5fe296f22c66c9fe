/**
 * First visits on a phone, timed: 1.6 Mbit/s, 150 ms, a processor a sixth as fast. Goals: pad 1.5 s and answer 3 s on the digits
 * page; the recorded before and after readable at 3 s and 150 kB on the language page. `--page language` measures one of them.
 */
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import { ISOLATION, launchChromium } from '../../browser/chromium.js';
import { serveFolder } from '../../browser/staticServer.js';
import { BUILT } from './open.js';
import { slowNetwork } from './slowNetwork.js';

const SPEED = { bytesPerSecond: 200_000, latencyMs: 150 };
const VISITS = 5;
/** Time that a visit to the language page continues after it is readable, to count what loads by itself. */
const AFTERWARDS_MS = 6000;

let sent: [path: string, bytes: number][] = [];
const bytesOf = (isCounted: (path: string) => boolean) =>
  sent.filter(([path]) => isCounted(path)).reduce((sum, [, more]) => sum + more, 0);
const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`;

interface Timed {
  readonly page: Page;
  readonly since: () => string;
}

/** @returns the measurement as a line */
async function digits({ page, since }: Timed): Promise<string> {
  await page.waitForFunction(() => document.querySelector('.pad'));
  const pad = since();
  // A sample draws itself.
  await page.waitForFunction(() => /\d/.test(document.querySelector('.figure')?.textContent ?? ''));
  return `pad ${pad}, answer ${since()}, ${kilobytes(bytesOf((path) => !path.startsWith('quick-')))}`;
}

async function language({ page, since }: Timed): Promise<string> {
  await page.waitForFunction(() => document.querySelector('h1'));
  const heading = since();
  await page.waitForFunction(() => {
    const answers = [...document.querySelectorAll('.lm-recorded .lm-side p')];
    return answers.length > 1 && !answers.some((answer) => answer.querySelector('.lm-soft, .lm-unseen'));
  });
  const readable = since();
  // Bytes sent by the server, which is at least what has arrived.
  const until = kilobytes(bytesOf(() => true));
  await page.waitForTimeout(AFTERWARDS_MS);
  const model = bytesOf((path) => path.startsWith('model/'));
  const all = kilobytes(bytesOf(() => true));
  return `heading ${heading}, before and after ${readable} with ${until}; ${all} some seconds later, ${model} bytes of the model`;
}

const PAGES = {
  digits: { path: '', measure: digits },
  language: { path: 'language.html', measure: language },
} as const;

const { values } = parseArgs({
  options: {
    page: { type: 'string' },
    visits: { type: 'string', default: String(VISITS) },
    files: { type: 'boolean', default: false },
  },
});
const server = await serveFolder(BUILT, ISOLATION, {
  gzip: true,
  onSent: (path, bytes) => sent.push([path, bytes]),
});
const browser = await launchChromium();

async function visit(name: keyof typeof PAGES, slowdown: number): Promise<void> {
  sent = [];
  // Downloads of the last visit must not slow the next one.
  const line = await slowNetwork(server, SPEED);
  const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate: slowdown });
  const begun = performance.now();
  const since = () => `${((performance.now() - begun) / 1000).toFixed(2)} s`;
  await page.goto(line.url + PAGES[name].path, { waitUntil: 'commit' });
  const measured = await PAGES[name].measure({ page, since });
  console.log(`${name}, processor ÷ ${slowdown}: ${measured}`);
  if (values.files) console.table(await arrivals(page));
  await context.close();
  line.close();
}

for (const name of Object.keys(PAGES) as (keyof typeof PAGES)[]) {
  if (values.page !== undefined && values.page !== name) continue;
  for (const slowdown of [1, 6]) for (let i = 0; i < Number(values.visits); i++) await visit(name, slowdown);
}
await browser.close();
server.close();

/** When the page asked for each of its files, and when it had them, in seconds. */
function arrivals(page: Page) {
  return page.evaluate(() =>
    performance.getEntriesByType('resource').map((entry) => {
      const { name, startTime, responseEnd } = entry as PerformanceResourceTiming;
      return { file: name.replace(/.*\//, ''), asked: startTime / 1000, there: responseEnd / 1000 };
    }),
  );
}
