/** The rows of test images, by keyboard and by pointer, and the count on all of them. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { button, countsOf, openSite, type Site, visit } from './open.js';

let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site.close());

const rowOf = (digit: number) => ({ name: new RegExp(`^Test images of ${digit}: `) });

it('shows an image large where it is pointed at, and along a row by keyboard', async () => {
  const { page, complaints } = await visit(site);
  const row = page.getByRole('slider', rowOf(9));
  await row.waitFor();
  const misread = Number(/(\d+) misread/.exec((await row.getAttribute('aria-label')) ?? '')?.[1]);
  const says = () => row.getAttribute('aria-valuetext');
  await row.focus();
  await page.keyboard.press('Home');
  await expect.poll(says).toMatch(/^Image 1 of 100\. /);
  // Down the row, from one that is misread to the next.
  const found = new Set<string | null>();
  for (let i = 0; i <= misread; i++) {
    await page.keyboard.press('ArrowDown');
    found.add(await says());
  }
  expect([...found].filter((text) => text?.endsWith(', wrong')).length).toBe(misread);
  await page.keyboard.press('End');
  await expect.poll(says).toMatch(/^Image 100 of 100\. /);
  await page.keyboard.press('ArrowLeft');
  await expect.poll(says).toMatch(/^Image 99 of 100\. Before: \d/);
  await page.locator('.large').waitFor();
  await page.keyboard.press('Escape');
  await page.locator('.large').waitFor({ state: 'detached' });

  await page.getByRole('slider', rowOf(3)).hover({ position: { x: 2, y: 2 } });
  await page.locator('.large').getByText('Before: 3').waitFor();
  expect(await page.getByRole('slider', rowOf(3)).getAttribute('aria-valuenow')).toBe('1');
  expect(complaints).toEqual([]);
  await page.context().close();
});

it('counts on all test images where it is asked to, and keeps the focus', async () => {
  const { page } = await visit(site);
  await page.getByText('of 1,000 test images.').waitFor();
  const quick = await countsOf(page, 'base');
  await page.getByText('Counts as a table').click();
  let isBroken = true;
  await page.route('**/trainImages.bin', (route) => (isBroken ? route.abort() : route.continue()));
  await button(page, 'Count on all 10,000 test images').click();
  await page.locator('#forgot').getByText('MNIST could not be downloaded').waitFor();
  isBroken = false;
  await page.locator('#forgot .fetch-all').getByRole('button', { name: 'Try again' }).click();
  await page.getByText('of 10,000 test images.').waitFor({ timeout: 30_000 });
  expect(await page.evaluate(() => document.activeElement?.className)).toBe('count-all');
  const all = await countsOf(page, 'base');
  for (const digit of all.keys()) expect(all[digit]).toBeGreaterThan(quick[digit]);
  await page.context().close();
});
