/** The page's own model in Chromium: downloaded, interrupted, continued, kept and deleted. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasChromium } from '../../browser/chromium.js';
import { hasRealModel } from '../../support/realModel.js';
import { button, openSite, type Site } from './open.js';

const available = hasChromium() && hasRealModel;
let site: Site | undefined;
beforeAll(async () => {
  if (available) site = await openSite();
});
afterAll(() => site?.close());

const ready = (page: Page) => page.locator('.lm-state', { hasText: 'Ready' }).waitFor({ timeout: 90_000 });

describe.skipIf(!available)('the model of the page', () => {
  it('is downloaded on request, continues after an interruption, is kept, and can be deleted', async () => {
    if (!site) throw new Error('there is no browser');
    const context = await site.browser.newContext();
    const asked: string[] = [];
    context.on('request', (request) => {
      const part = /model\/(part-\d+)/.exec(request.url());
      if (part) asked.push(part[1]);
    });
    const visit = async () => {
      const page = await context.newPage();
      await page.goto(`${site?.server.url}language.html`);
      return page;
    };
    const third = '**/model/part-02.bin';
    await context.route(third, (route) => route.abort());
    let page = await visit();
    await button(page, 'Download the model, 98 MB').first().waitFor();
    expect(asked).toEqual([]);
    await button(page, 'Download the model, 98 MB').first().click();
    await page.getByText('Paused at 34 of 98 MB: the connection broke. Goes on by itself.').first().waitFor();
    await page.close();

    await context.unroute(third);
    asked.length = 0;
    page = await visit();
    await button(page, 'Go on, 65 MB left').click();
    await ready(page);
    expect(asked).toEqual(['part-02', 'part-03', 'part-04', 'part-05']);
    await page.close();

    page = await visit();
    await page.getByText(/^On this device since \d+ \w+\.$/).waitFor();
    await button(page, 'Use it').waitFor();
    await button(page, 'Delete, frees 98 MB').click();
    await button(page, 'Delete, frees 98 MB').waitFor({ state: 'detached' });
    await page.close();

    page = await visit();
    await button(page, 'Download the model, 98 MB').first().waitFor();
    await context.close();
  });
});
