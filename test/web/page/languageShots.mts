/** Pictures of the language-model page in its states, on a desktop and a phone: build/shots/language-*.png, to be looked at. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { button, openSite, visit } from './open.js';
import { SCREENS } from './screens.js';

const folder = new URL('../../../build/shots/', import.meta.url).pathname;

const dialog = (page: Page) => page.getByRole('dialog');

/** In this order, each from the one before. */
const STATES: Record<string, (page: Page) => Promise<void>> = {
  '01-arrived': (page) => page.getByText(/^Recorded on /).waitFor(),
  '02-import': async (page) => {
    await button(page, 'Paste a list').click();
    await dialog(page)
      .getByRole('textbox')
      .fill('Who keeps the lamp?\tMarta.\nno answer here\nWhere?\tGull Street.');
    await page.waitForTimeout(800);
  },
  '03-cafe': async (page) => {
    await page.keyboard.press('Escape');
    await button(page, /^The Lighthouse/).click();
  },
  '04-downloading': async (page) => {
    await button(page, /^Download the model/)
      .first()
      .click();
    await page.getByRole('progressbar').first().waitFor();
  },
  '05-ready': async (page) => {
    await page.getByText(/Ready · CPU/).waitFor({ timeout: 120_000 });
    for (const fold of ['System prompt: none', 'What the model sees', 'Advanced settings'])
      await page.getByText(fold).first().click();
    await page.waitForTimeout(1000);
  },
  '06-learning': async (page) => {
    await button(page, 'Teach').click();
    await page
      .locator('.lm-running')
      .getByText(/^step ([3-9]|\d\d) of/i)
      .first()
      .waitFor({ timeout: 120_000 });
  },
  '07-stopped': async (page) => {
    await button(page, 'Stop').first().click();
    await page.locator('.lm-running').waitFor({ state: 'detached', timeout: 60_000 });
  },
  '08-compared': async (page) => {
    await page.getByRole('textbox', { name: 'Your question' }).first().fill('When do you open?');
    await button(page, 'Ask both').click();
    // On a phone one of the two sides is shown.
    await page.locator('.lm-try small:visible', { hasText: 'tok/s' }).first().waitFor({ timeout: 60_000 });
  },
  '09-chat': (page) => page.locator('.lm-ways').getByText('Chat').click(),
  '10-next-visit': async (page) => {
    await page.addInitScript(() => Object.defineProperty(Navigator.prototype, 'deviceMemory', { value: 2 }));
    await page.reload();
    await button(page, 'Use it').first().click();
    await page.getByText(/^Your adapter from .* is back/).waitFor({ timeout: 60_000 });
    await page.getByText('Advanced settings').click();
  },
};

mkdirSync(folder, { recursive: true });
const site = await openSite();
for (const [screen, options] of Object.entries(SCREENS)) {
  const { page } = await visit(site, options);
  await page.goto(`${site.server.url}language.html`);
  for (const [state, reach] of Object.entries(STATES)) {
    await reach(page);
    // What has just been asked for may still move.
    await page.waitForTimeout(250);
    await page.screenshot({ path: join(folder, `language-${screen}-${state}.png`), fullPage: true });
    console.log(`build/shots/language-${screen}-${state}.png`);
  }
  await page.context().close();
}
await site.close();
