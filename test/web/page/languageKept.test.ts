/** What the language-model page keeps for the next visit once something is taught. With a small model from files. */
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasChromium } from '../../browser/chromium.js';
import { ggufBytes } from '../../models/fixtures.js';
import { problemsOnSmallScreens } from './fits.js';
import {
  askChat,
  beginLesson,
  lampRows,
  languageUrl,
  lessonOver,
  loadOwn,
  openWith,
  peftFiles,
  reachStep,
  seen,
  settingsFor,
  teach,
} from './languagePage.js';
import { accessibilityProblems, button, openSite, type Site, undoSaid } from './open.js';
import { swipe } from './swipe.js';

const ROWS = lampRows(4);

let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site?.close());

const newContext = () => site.browser.newContext({ acceptDownloads: true });

async function taught(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  const settings = settingsFor(ROWS.length, { epochs: 12, seed: 3 });
  await openWith(page, languageUrl(site.server), { rows: ROWS, settings });
  await loadOwn(page, ggufBytes('llama3'));
  expect(await teach(page)).toMatch(/^Taught in 12 steps, /);
  return page;
}

/** The next visit, in a tab of its own. */
async function visitAgain(context: BrowserContext, page: Page): Promise<Page> {
  await page.close();
  const next = await context.newPage();
  await next.goto(languageUrl(site.server));
  return next;
}

const said = (page: Page) => page.locator('.messages');
const kept = (page: Page) => page.locator('#device').getByText('Your adapter for small');
const BACK = /^Your adapter from \d+ \w+ is back\.$/;

describe.skipIf(!hasChromium())('an adapter', () => {
  it('is back on the next visit as it was, until it is removed', async () => {
    const context = await newContext();
    let page = await taught(context);
    const files = await peftFiles(page);
    const answer = await askChat(page, ROWS[0].prompt, 'after');
    await page.locator('#take').getByText('This browser keeps it for your next visit.').waitFor();

    page = await visitAgain(context, page);
    await kept(page).waitFor();
    expect(
      await page
        .locator('#device')
        .getByText(/^\d+ kB, 4 examples, from \d+ \w+$/)
        .count(),
    ).toBe(1);
    await loadOwn(page, ggufBytes('llama3'));
    await said(page).getByText(BACK).waitFor();
    await page
      .locator('#take')
      .getByText(/^Taught 4 examples in 12 steps \(\d+ s, seed 3\)\.$/)
      .waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    expect(await peftFiles(page)).toEqual(files);
    expect(await askChat(page, ROWS[0].prompt, 'after')).toBe(answer);
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await problemsOnSmallScreens(page)).toEqual([]);

    await said(page).getByRole('button', { name: 'Remove' }).click();
    await said(page).getByText('The adapter was removed.').waitFor();
    expect(await kept(page).count()).toBe(0);
    await undoSaid(page);
    await kept(page).waitFor();
    await button(page, 'Remove the adapter').click();
    await kept(page).waitFor({ state: 'detached' });
    page = await visitAgain(context, page);
    await loadOwn(page, ggufBytes('llama3'));
    expect(await said(page).getByText(BACK).count()).toBe(0);
    await context.close();
  });

  it('is not offered for another model, and can be deleted from the device', async () => {
    const context = await newContext();
    let page = await taught(context);
    page = await visitAgain(context, page);
    await loadOwn(page, ggufBytes('llama'));
    await kept(page).waitFor();
    expect(await said(page).getByText(BACK).count()).toBe(0);
    await page.locator('#take').getByText('There is no adapter yet').first().waitFor();

    await button(page, /^Delete: Your adapter for /).click();
    await kept(page).waitFor({ state: 'detached' });
    page = await visitAgain(context, page);
    await loadOwn(page, ggufBytes('llama3'));
    expect(await said(page).getByText(BACK).count()).toBe(0);
    await context.close();
  });
});

describe.skipIf(!hasChromium())('the storage', () => {
  it('is asked to last once the first lesson is finished, and only then', async () => {
    const context = await newContext();
    await context.addInitScript(() => {
      const asked = { count: 0 };
      Object.assign(globalThis, { asked });
      StorageManager.prototype.persist = async () => ++asked.count > 0;
      StorageManager.prototype.persisted = async () => asked.count > 0;
    });
    const page = await context.newPage();
    const asked = () =>
      page.evaluate(() => (globalThis as unknown as { asked: { count: number } }).asked.count);
    const settings = settingsFor(ROWS.length, { epochs: 600 });
    await openWith(page, languageUrl(site.server), { rows: ROWS, settings });
    await loadOwn(page, ggufBytes('llama3'));
    const room = page.locator('#device .hint');
    await room.getByText('The browser may delete it when space runs low').waitFor();
    await beginLesson(page);
    await reachStep(page, 1);
    await page.locator('#teach .stop').click();
    expect(await lessonOver(page)).toMatch(/^Stopped at step \d+ of 600, /);
    expect(await asked()).toBe(0);

    await page.getByText('Advanced settings').click();
    await page.getByLabel('Passes').fill('12');
    expect(await teach(page)).toMatch(/^Taught in 12 steps, /);
    await room.getByText('The browser has promised to keep it.').waitFor();
    expect(await teach(page)).toMatch(/^Taught in 12 steps, /);
    expect(await asked()).toBe(1);
    await context.close();
  });
});

describe.skipIf(!hasChromium())('the answers on a phone', () => {
  it('are swiped from After to Before and back', async () => {
    const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
    const context = await site.browser.newContext(phone);
    const page = await taught(context);
    await page.getByRole('textbox', { name: 'Your question' }).first().fill(ROWS[0].prompt);
    await button(page, 'Ask both').click();
    await seen(page, '#try .lm-side.after', /tok\/s/, 60_000);
    const [before, after] = ['before', 'after'].map((side) => page.locator(`#try .lm-side.${side}`));
    expect([await before.isVisible(), await after.isVisible()]).toEqual([false, true]);
    await swipe(page, '#try .lm-columns', 140);
    await before.waitFor();
    expect(await after.isVisible()).toBe(false);
    const pressed = page.locator('#try .lm-tabs [aria-pressed="true"]');
    expect(await pressed.textContent()).toBe('Before');
    expect(await accessibilityProblems(page)).toEqual([]);
    await swipe(page, '#try .lm-columns', -140);
    await after.waitFor();
    expect(await pressed.textContent()).toBe('After');
    await context.close();
  });
});
