/** The language-model page from the first look to an adapter, with the reference model. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessibilityProblems, BUILT, button, openSite, type Site, visit } from './open.js';

const hasModel = existsSync(join(BUILT, 'model/part-00.bin'));
if (!hasModel && process.env.LOWRANK_REQUIRE?.includes('model'))
  throw new Error('the build has no language model, and LOWRANK_REQUIRE asks for it');

/** Eight rows of one fact each, so that a lesson is short. */
const ROWS = Array.from({ length: 8 }, (_, i) => `Who keeps lamp ${i}?\tMarta keeps lamp ${i}.`).join('\n');

let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site.close());

async function open() {
  const visited = await visit(site);
  await visited.page.goto(`${site.server.url}language.html`);
  await visited.page.getByRole('heading', { name: 'Teach a language model something.' }).waitFor();
  return visited;
}

const sidewaysScroll = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

describe.skipIf(!hasModel)('the language-model page', () => {
  it('shows a recorded lesson, and fetches no model before a click', async () => {
    const { page, requests, complaints } = await open();
    await page.getByText(/^Recorded on /).waitFor();
    await page.getByRole('slider').first().waitFor();
    expect(requests.filter((url) => url.includes('/model/'))).toEqual([]);
    expect(await accessibilityProblems(page)).toEqual([]);
    for (const width of [320, 390, 1280]) {
      await page.setViewportSize({ width, height: 844 });
      expect(await sidewaysScroll(page), `${width} px`).toBe(0);
    }
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('downloads, counts, teaches, answers before and after, is taken along, and is there at the next visit', async () => {
    const { page, requests, complaints } = await open();
    await button(page, 'Paste a list').click();
    await page.getByRole('dialog').getByRole('textbox').fill(ROWS);
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /^Add|^Take|^Import/ })
      .click();
    await page.getByText('8 examples', { exact: true }).waitFor();
    await button(page, /^Download the model/)
      .first()
      .click();
    await page.getByText(/Ready · CPU/).waitFor({ timeout: 120_000 });
    await page
      .locator('#examples')
      .getByText(/8 examples, \d+ tokens, \d+ of them trained/)
      .first()
      .waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);

    await page.getByText('Advanced settings').click();
    await page.getByLabel('Passes').fill('6');
    await button(page, 'Teach').click();
    await page
      .getByText(/^It learned|^Done|steps/)
      .first()
      .waitFor({ timeout: 120_000 });
    await page.locator('.lm-running').waitFor({ state: 'detached', timeout: 120_000 });
    await page
      .getByText(/adapter/)
      .first()
      .waitFor();

    await page.getByRole('textbox', { name: 'Your question' }).first().fill('Who keeps lamp 3?');
    await button(page, 'Ask both').click();
    // Each side says how fast it answered once it has.
    const side = (name: 'before' | 'after') => page.locator(`.lm-side.${name}`, { hasText: 'tok/s' });
    const saidBefore = await side('before').textContent({ timeout: 60_000 });
    const saidAfter = await side('after').textContent({ timeout: 60_000 });
    expect(saidAfter).toContain('Marta');
    expect(saidBefore).not.toContain('Marta');
    expect(await accessibilityProblems(page)).toEqual([]);

    const [file] = await Promise.all([
      page.waitForEvent('download', { timeout: 60_000 }),
      button(page, 'PEFT adapter (.zip)').click(),
    ]);
    const names = Object.keys(unzipSync(await readFile(await file.path())));
    expect(names).toEqual(expect.arrayContaining(['adapter_config.json', 'adapter_model.safetensors']));

    requests.length = 0;
    await page.reload();
    await page.getByText(/^On this device since/).waitFor();
    await page.getByText('8 examples', { exact: true }).waitFor();
    await button(page, 'Use it').click();
    await page.getByText(/Ready · CPU/).waitFor({ timeout: 60_000 });
    expect(requests.filter((url) => url.includes('/model/'))).toEqual([]);
    expect(complaints).toEqual([]);
    await page.context().close();
  }, 300_000);
});
