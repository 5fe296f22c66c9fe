/** A first visit on a phone, timed: 1.6 Mbit/s, 150 ms, a processor a sixth as fast. Goals: pad 1.5 s, answer 3 s. */
import type { Page } from 'playwright-core';
import { ISOLATION, launchChromium } from '../../browser/chromium.js';
import { serveFolder } from '../../browser/staticServer.js';
import { BUILT } from './open.js';
import { slowNetwork } from './slowNetwork.js';

const SPEED = { bytesPerSecond: 200_000, latencyMs: 150 };
const VISITS = 5;

let sent: [path: string, bytes: number][] = [];
const server = await serveFolder(BUILT, ISOLATION, {
  gzip: true,
  onSent: (path, bytes) => sent.push([path, bytes]),
});
const browser = await launchChromium();
for (const slowdown of [1, 6]) {
  for (let i = 0; i < VISITS; i++) {
    sent = [];
    // What the last visitor still fetched must not be in the way of the next.
    const line = await slowNetwork(server, SPEED);
    const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    await session.send('Emulation.setCPUThrottlingRate', { rate: slowdown });
    const begun = performance.now();
    const since = () => `${((performance.now() - begun) / 1000).toFixed(2)} s`;
    await page.goto(line.url, { waitUntil: 'commit' });
    await page.waitForFunction(() => document.querySelector('.pad'));
    const pad = since();
    // A sample draws itself.
    await page.waitForFunction(() => /\d/.test(document.querySelector('.figure')?.textContent ?? ''));
    const answer = since();
    const bytes = sent
      .filter(([path]) => !path.startsWith('quick-'))
      .reduce((sum, [, more]) => sum + more, 0);
    console.log(`processor ÷ ${slowdown}: pad ${pad}, answer ${answer}, ${bytes.toLocaleString('en')} bytes`);
    if (process.argv.includes('--files')) console.table(await arrivals(page));
    await context.close();
    line.close();
  }
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
