/** Pictures of the page in each of its states, on a desktop and a phone: build/shots/*.png, to be looked at. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import {
  button,
  draw,
  fetchMnist,
  ONE,
  openMore,
  openSite,
  practise,
  reads,
  SEVEN,
  set,
  settled,
  teachAgain,
  teachAs,
  undoSaid,
  visit,
} from './open.js';
import { SCREENS } from './screens.js';

const folder = new URL('../../../build/shots/', import.meta.url).pathname;

/** In this order, each from the one before. */
const STATES: Record<string, (page: Page) => Promise<void>> = {
  '01-arrived': async (page) => {
    await settled(page);
    await reads(page, 8, 'before');
  },
  '02-cleared': (page) => button(page, 'Clear').click(),
  '03-drawn': async (page) => {
    await draw(page, ...ONE);
    await reads(page, 1, 'before');
  },
  '04-learned': async (page) => {
    await page.getByRole('button', { name: /a slashed zero/ }).click();
    await reads(page, 8, 'before');
    await page.waitForTimeout(700);
    await button(page, 'This is a 0').click();
    await reads(page, 0, 'after');
    await settled(page);
  },
  '05-before': (page) => page.getByRole('radio', { name: 'Before' }).check(),
  '06-several': async (page) => {
    for (const label of [7, 7, 4]) await teachAs(page, label, label === 7 ? SEVEN : ONE);
  },
  '07-undo-delete': (page) => button(page, 'Delete 4 drawings').click(),
  '08-more': async (page) => {
    await undoSaid(page);
    for (const summary of await page.locator('summary').all()) await summary.click();
  },
  '09-learning': async (page) => {
    await set(page, 'Training steps', 20_000);
    await button(page, 'Teach again with these').click();
    await page.waitForTimeout(1500);
  },
  '10-stopped': async (page) => {
    await button(page, 'Stop').first().click();
    await page.getByText(/^Stopped after/).waitFor();
    await settled(page);
  },
  '11-a-bad-file': async (page) => {
    const file = { name: 'holiday.zip', mimeType: 'application/zip', buffer: Buffer.from('not a zip') };
    await page.locator('input[type=file]').setInputFiles(file);
    await page.getByText('holiday.zip is not a zip file').waitFor();
  },
  '12-diverged': async (page) => {
    for (const [name, value] of Object.entries({ 'Learning rate': 0.1, Alpha: 128, 'Training steps': 200 }))
      await set(page, name, value);
    await teachAgain(page);
    await page.getByText('The training went wrong').waitFor();
  },
  '13-all-of-mnist': async (page) => {
    await button(page, 'Put the default settings back').click();
    await fetchMnist(page);
    await page
      .getByRole('slider', { name: /^Old digits mixed in/ })
      .first()
      .fill('0');
    await practise(page);
  },
  '14-a-new-base': async (page) => {
    await button(page, 'Train from scratch').click();
    await page.getByText('The new network reads').waitFor();
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
  const alone = await context.newPage();
  // Neither the digits that come with the page nor the rest of MNIST.
  await context.route('**/*Images.bin', (route) => route.abort());
  await alone.goto(site.server.url);
  await reads(alone, 8, 'before');
  await openMore(alone);
  await button(alone, 'Download all of MNIST').click();
  await alone.getByText('the connection failed').first().waitFor();
  await shoot(alone, `${screen}-15-without-digits`);
  await context.close();
}
await site.close();
