/** The pad, the answer and the tap that teaches, as a new visitor sees them. */
import type { BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  accessibilityProblems,
  button,
  draw,
  figure,
  ONE,
  openSite,
  reads,
  SEVEN,
  type Site,
  settled,
  teachAs,
  visit,
} from './open.js';

let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site.close());

const PHONE: BrowserContextOptions = { hasTouch: true, isMobile: true };

describe('a first visit', () => {
  it('sees a drawing misread, taps once, and sees it read, with all of MNIST blocked', async () => {
    const { page, complaints } = await visit(site);
    await page.context().route(/\/(train|test)\w+\.bin$/, (route) => route.abort());
    // Nobody has touched anything: the sample draws itself.
    await reads(page, 8, 'before');
    expect(await accessibilityProblems(page)).toEqual([]);
    await settled(page);
    await button(page, 'This is a 0').click();
    await reads(page, 0, 'after');
    await page.getByText(/^It learned your 0 from one drawing in \d+\.\d s: 3,518 new numbers\./).waitFor();
    await page.getByRole('radio', { name: 'Before' }).check();
    await reads(page, 8, 'before');
    await page.keyboard.press('a');
    await reads(page, 0, 'after');
    expect(await accessibilityProblems(page)).toEqual([]);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('is not disturbed by the sample where it draws at once, or where motion is not wanted', async () => {
    const { page } = await visit(site, { reducedMotion: 'reduce' });
    await reads(page, 8, 'before');
    await draw(page, ...SEVEN);
    await reads(page, 7, 'before');
    await page.reload();
    await draw(page, ...ONE);
    await reads(page, 1, 'before');
    await page.waitForTimeout(800);
    expect(await figure(page)).toBe('1');
    await page.context().close();
  });
});

describe('undo', () => {
  it('takes back a stroke, a cleared pad, and a lesson with its drawing', async () => {
    const { page } = await visit(site);
    await settled(page);
    await draw(page, ...ONE);
    await reads(page, 1, 'before');
    await button(page, 'Clear').click();
    await expect.poll(() => figure(page)).toBe('');
    await page.locator('.samples').getByRole('button', { name: 'Undo' }).click();
    await reads(page, 1, 'before');
    await draw(page, ...SEVEN);
    await page.locator('.samples').getByRole('button', { name: 'Undo' }).click();
    await reads(page, 1, 'before');
    await button(page, 'This is a 7').click();
    await reads(page, 7, 'after');
    await settled(page);
    await page.locator('.lesson').getByRole('button', { name: 'Undo' }).click();
    await reads(page, 1, 'before');
    await page.locator('.drawings').waitFor({ state: 'detached' });
    expect(await page.getByRole('radio', { name: 'After' }).isDisabled()).toBe(true);
    await page.context().close();
  });

  it('does not say that it learned what it still does not read', async () => {
    const { page } = await visit(site);
    await settled(page);
    // A plain stroke is so far from a 4 that no gradient leads there.
    await teachAs(page, 4, ONE);
    await page.getByText(/^It practised your 4 for \d+\.\d s, and still (cannot tell|reads)/).waitFor();
    await page.context().close();
  });

  it('draws a dot, and one finger at a time', async () => {
    const { page } = await visit(site);
    await reads(page, 8, 'before');
    await button(page, 'Clear').click();
    await page.locator('.pad').click();
    await expect.poll(() => figure(page)).not.toBe('');
    await page.context().close();
  });
});

describe('the layout', () => {
  it.each([
    [390, 844],
    [360, 640],
  ])('on a phone of %i × %i: pad, answer and all ten labels are on one screen', async (width, height) => {
    const { page } = await visit(site, { ...PHONE, viewport: { width, height } });
    await settled(page);
    for (const selector of ['.pad', '.answer', '.compare', '.label']) {
      const bottoms = await page
        .locator(selector)
        .evaluateAll((found) => found.map((each) => each.getBoundingClientRect().bottom));
      expect(bottoms.length).toBeGreaterThan(0);
      expect(Math.max(...bottoms), selector).toBeLessThanOrEqual(height);
    }
    await page.context().close();
  });

  it('never scrolls sideways', async () => {
    const { page } = await visit(site);
    await settled(page);
    await teachAs(page, 7, ONE);
    await openEverything(page);
    for (const width of [320, 360, 390, 640, 768, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      const sizes = () =>
        page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
      const [content, window] = await sizes();
      expect(content, `${width} px`).toBe(window);
      expect(await accessibilityProblems(page)).toEqual([]);
    }
    await page.context().close();
  }, 60_000);

  it('keeps the focus whatever is clicked', async () => {
    const { page } = await visit(site, { acceptDownloads: true });
    await settled(page);
    await teachAs(page, 7, ONE);
    await openEverything(page);
    const seen = new Set<string>();
    for (;;) {
      const next = await nextButton(page, seen);
      if (next === undefined) break;
      seen.add(next);
      await page.locator('main[aria-busy="false"]').waitFor({ timeout: 60_000 });
      await page.waitForTimeout(30);
      const focused = await page.evaluate(() => document.activeElement?.tagName);
      expect(focused, `after ${next}`).not.toBe('BODY');
    }
    expect(seen.size).toBeGreaterThan(20);
    await page.context().close();
  }, 120_000);
});

async function openEverything(page: Page): Promise<void> {
  for (const summary of await page.locator('summary').all()) await summary.click();
}

/** Clicks a button that was not clicked yet. @returns its name; undefined when there is none left */
async function nextButton(page: Page, seen: ReadonlySet<string>): Promise<string | undefined> {
  for (const each of await page.getByRole('button').all()) {
    const name = ((await each.getAttribute('aria-label')) ?? (await each.textContent()) ?? '').trim();
    // Downloading MNIST and training a base take long, and have their own tests.
    const isLong = /MNIST|scratch|10,000/.test(name);
    const isLikeOthers = /^(Show|Delete) drawing ([2-9]|\d\d)/.test(name) || /^This is a [1-9]/.test(name);
    if (seen.has(name) || isLong || isLikeOthers || !(await each.isVisible())) continue;
    // Buttons that are only marked as disabled can still be clicked.
    await each.click({ force: true });
    return name;
  }
  return undefined;
}
