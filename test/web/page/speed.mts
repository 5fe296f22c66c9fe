/** A first visit on a phone, timed: 1.6 Mbit/s, 150 ms, a processor a sixth as fast. Goals: pad 1.5 s, answer 3 s. */
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
const line = await slowNetwork(server, SPEED);
const browser = await launchChromium();
for (const slowdown of [1, 6]) {
  for (let i = 0; i < VISITS; i++) {
    sent = [];
    const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    await session.send('Emulation.setCPUThrottlingRate', { rate: slowdown });
    const begun = performance.now();
    const since = () => `${((performance.now() - begun) / 1000).toFixed(2)} s`;
    await page.goto(line.url, { waitUntil: 'commit' });
    await page.locator('.pad').waitFor();
    const pad = since();
    // A sample draws itself.
    await page.locator('.answer .figure', { hasText: /\d/ }).waitFor();
    const answer = since();
    const bytes = sent
      .filter(([path]) => !path.startsWith('quick-'))
      .reduce((sum, [, more]) => sum + more, 0);
    console.log(`processor ÷ ${slowdown}: pad ${pad}, answer ${answer}, ${bytes.toLocaleString('en')} bytes`);
    await context.close();
  }
}
await browser.close();
line.close();
server.close();
