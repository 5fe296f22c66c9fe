/** Pictures of the page in each of its states, on a desktop and a phone: build/shots/*.png, to be looked at. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { button, draw, ONE, openSite, SEVEN, settled, teach, visit } from './open.js';

const folder = new URL('../../../build/shots/', import.meta.url).pathname;

const SCREENS: Record<string, BrowserContextOptions> = {
  desktop: { viewport: { width: 1280, height: 900 } },
  'desktop-dark': { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' },
  phone: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 },
  'phone-dark': {
    ...{ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 },
    colorScheme: 'dark',
  },
};

/** In this order, each from the one before. */
const STATES: Record<string, (page: Page) => Promise<void>> = {
  '1-ready': settled,
  '2-drawn': async (page) => {
    await draw(page, ...SEVEN);
    await page.getByText('The base reads 7').waitFor();
  },
  '3-training-the-base': async (page) => {
    await button(page, 'Train from scratch').click();
    await page.getByText(/^[3-5],\d+ of 6,000 iterations/).waitFor();
  },
  '3b-a-new-base': async (page) => {
    await page.getByText('The new network reads').waitFor();
  },
  '4-taught': async (page) => {
    await button(page, 'Keep the one I have').click();
    await button(page, 'Keep the one I have').waitFor({ state: 'detached' });
    await teach(page);
    await page.getByText('With your adapter it reads').waitFor();
    await page.getByText('The counts as a table').click();
  },
  '5-switched-off': async (page) => {
    await page.getByRole('switch').click();
    await page.getByText('The base reads 7').waitFor();
  },
  '6-drawings-kept': async (page) => {
    for (const label of [7, 7, 1, 4]) {
      await draw(page, ...(label === 7 ? SEVEN : ONE));
      await page.getByText(/it reads|base reads/).waitFor();
      await button(page, `Keep as ${label}`).click();
    }
    await page.getByLabel('My drawings (4)').waitFor();
  },
  '7-teaching': async (page) => {
    await page.getByRole('spinbutton', { name: 'Iterations' }).fill('20000');
    await button(page, 'Teach').click();
    await page.getByText(/^[2-9],\d+ of 20,000 iterations/).waitFor();
  },
  '8-a-bad-file': async (page) => {
    await button(page, 'Stop').click();
    await settled(page);
    const file = { name: 'holiday.zip', mimeType: 'application/zip', buffer: Buffer.from('not a zip') };
    await page.locator('input[type=file]').setInputFiles(file);
    await page.getByText('holiday.zip is not a zip file').waitFor();
  },
  '8b-diverged': async (page) => {
    await page.getByRole('spinbutton', { name: 'Learning rate' }).fill('0.1');
    await page.getByRole('spinbutton', { name: 'Alpha' }).fill('128');
    await page.getByRole('spinbutton', { name: 'Iterations' }).fill('200');
    await teach(page);
    await page.getByText('The training went wrong').waitFor();
  },
};

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const site = await openSite();
const shoot = async (page: Page, name: string) => {
  // What has just been asked for may still move.
  await page.waitForTimeout(250);
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  console.log(`build/shots/${name}.png`);
};
for (const [screen, options] of Object.entries(SCREENS)) {
  const { page } = await visit(site, options);
  for (const [state, reach] of Object.entries(STATES)) {
    await reach(page);
    await shoot(page, `${screen}-${state}`);
  }
  await page.context().close();
  const context = await site.browser.newContext(options);
  const offline = await context.newPage();
  await context.route('**/*.bin', (route) => route.abort());
  await offline.goto(site.server.url);
  await offline.getByText('the connection failed').waitFor();
  await shoot(offline, `${screen}-9-without-mnist`);
  await context.close();
}
await site.close();
