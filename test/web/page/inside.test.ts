/** The figure of what LoRA did, as a person meets it. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { accessibilityProblems, button, openSite, type Site, settled, visit } from './open.js';

let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site.close());

const figure = (page: Page) => page.locator('#inside');
const text = async (page: Page) => (await figure(page).textContent()) ?? '';
const slider = (page: Page) => figure(page).getByRole('slider', { name: /^Size of the adapter/ });
const isLostFocus = (page: Page) => page.evaluate(() => document.activeElement === document.body);

/** Scrolls to the figure, which is read only then. */
async function drawn(page: Page): Promise<void> {
  await figure(page).scrollIntoViewIfNeeded();
  await slider(page).waitFor();
}

/** Colours that differ from the first pixel's. */
const spread = (page: Page, selector: string) =>
  page
    .locator(selector)
    .first()
    .evaluate((canvas) => {
      if (!(canvas instanceof HTMLCanvasElement)) throw new Error('this is no canvas');
      const { data } = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height) ?? {
        data: [],
      };
      return new Set(Array.from(data)).size;
    });

it('shows the network without an adapter, and the start of an adapter of each rank', async () => {
  const { page, complaints } = await visit(site);
  await drawn(page);
  expect(await text(page)).toContain("3,518 numbers, 1.5 % of the network's 235,146");
  expect(await text(page)).toContain('A starts as noise, B as zeros');
  const [a, b] = [await spread(page, '.strip-a canvas'), await spread(page, '.strip-b canvas')];
  expect(a).toBeGreaterThan(100);
  expect(b).toBeLessThan(5);
  await slider(page).fill('16');
  expect(await text(page)).toContain('25,386 numbers');
  expect(await text(page)).toContain('16 × (784 + 256) = 16,640 numbers');
  const sizes = await page
    .locator('.strip-a canvas, .strip-block canvas')
    .evaluateAll((all) =>
      all.map((canvas) => canvas.getBoundingClientRect()).map(({ width, height }) => height / width),
    );
  expect(sizes[0]).toBeCloseTo(16 / 784, 3);
  expect(sizes[1]).toBeCloseTo(256 / 784, 3);
  expect(
    await page
      .locator('#inside')
      .getByRole('button', { name: /^Teach again/ })
      .count(),
  ).toBe(0);
  expect(await accessibilityProblems(page)).toEqual([]);
  expect(complaints).toEqual([]);
});

it('shows what was taught, number by number, and teaches it again with another rank', async () => {
  // The drawing should be complete at once.
  const { page, complaints } = await visit(site, { reducedMotion: 'reduce' });
  await settled(page);
  await button(page, 'Draw for me: a slashed zero').click();
  await page.getByRole('button', { name: 'This is a 0', disabled: false }).click();
  await page.locator('main[aria-busy="true"]').waitFor();
  await page.locator('main[aria-busy="false"]').waitFor();
  await drawn(page);
  await figure(page)
    .getByText(/^A has moved by \d+ % from the noise/)
    .waitFor();
  await figure(page)
    .getByText(/^Through the change, your ink adds [\d.]+ to the score of 0\./)
    .waitFor();
  expect(await spread(page, '.strip-b canvas')).toBeGreaterThan(50);
  await figure(page).locator('.strip-b').focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowRight');
  expect(await page.locator('.strip-numbers').textContent()).toMatch(/^B, trained: .* Row 2, column 2: −?\d/);
  await figure(page).getByText('What training changed').click();
  expect(await text(page)).toContain('Change of A');
  await slider(page).fill('5');
  await button(page, 'Teach again with rank 5').click();
  await button(page, 'Teach again with rank 5').waitFor({ state: 'detached' });
  expect(await isLostFocus(page)).toBe(false);
  await figure(page).getByText('5 × (784 + 256) = 5,200 numbers').waitFor();
  await figure(page)
    .getByText(/^A has moved by/)
    .waitFor();
  await button(page, 'What it looks for in a 8').click();
  await figure(page)
    .getByText(/to the score of 8|from the score of 8/)
    .waitFor();
  expect(await isLostFocus(page)).toBe(false);
  expect(await accessibilityProblems(page)).toEqual([]);
  expect(complaints).toEqual([]);
});

it.each([320, 390, 768])('fits a screen %d wide', async (width) => {
  const { page } = await visit(site, { viewport: { width, height: 800 } });
  await drawn(page);
  const [all, seen] = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return [scrollWidth, clientWidth];
  });
  expect(all).toBe(seen);
  const heights = await figure(page)
    .locator('button, .choice label, input[type=range]')
    .evaluateAll((each) => each.map((one) => one.getBoundingClientRect().height));
  expect(Math.min(...heights)).toBeGreaterThanOrEqual(44);
});
