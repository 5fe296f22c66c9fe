/** The page from the first drawing to an adapter that is carried to Node and back. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluate, loadAdapter, parseModel, selectDevice } from '../../../src/index.js';
import { DigitsNet, loadMnist } from '../../../src/mnist/index.js';
import { mnistFiles } from '../../../src/node.js';
import {
  accessibilityProblems,
  BUILT,
  button,
  countsOf,
  draw,
  ONE,
  openSite,
  SEVEN,
  type Site,
  settled,
  teach,
  visit,
} from './open.js';

let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site.close());

const sum = (counts: readonly number[], digits: readonly number[]) =>
  digits.reduce((total, digit) => total + counts[digit], 0);
const CHOSEN = [2, 3, 5, 8, 9];
const OTHERS = [0, 1, 4, 6, 7];

/** Counts of the downloaded adapter on the shipped base, by the library in Node. */
async function countInNode(files: ReadonlyMap<string, Uint8Array>): Promise<number[]> {
  const { device } = await selectDevice({ prefer: 'wasm' });
  const model = new DigitsNet(device);
  model.loadStateDict(parseModel(await readFile(join(BUILT, 'base.safetensors')), 'base'));
  await loadAdapter(model, files);
  const { test } = await loadMnist(device, await mnistFiles());
  return (await evaluate(model, test)).wrong;
}

async function download(page: Page): Promise<Uint8Array> {
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    button(page, 'Download the adapter').click(),
  ]);
  expect(file.suggestedFilename()).toBe('lowrank-adapter.zip');
  return readFile(await file.path());
}

describe('a visit', () => {
  it('draws, teaches, sees, switches, downloads, reloads and loads', async () => {
    const { page, complaints, requests } = await visit(site);
    await settled(page);
    // What the worker asks for is seen too.
    expect(requests).toContain(`${site.server.url}trainImages.bin`);
    await draw(page, ...SEVEN);
    await page.getByText('The base reads 7').waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    const ink = () => page.locator('.pad').evaluate((pad: HTMLCanvasElement) => pad.toDataURL());
    const drawn = await ink();
    await page.locator('.pad').hover({ position: { x: 20, y: 20 } });
    await page.locator('.pad').hover({ position: { x: 90, y: 150 } });
    expect(await ink()).toBe(drawn);
    const ofBase = () => page.locator('.bar.base').allTextContents();
    const before = await ofBase();

    await teach(page);
    const [base, adapted] = [await countsOf(page, 'base'), await countsOf(page, 'adapted')];
    expect(sum(adapted, CHOSEN)).toBeLessThan(sum(base, CHOSEN));
    expect(sum(adapted, OTHERS)).toBeGreaterThan(sum(base, OTHERS));
    const [won, forgotten] = await page.locator('.tile strong').allTextContents();
    await page.getByRole('img', { name: /side by side; adapted to 2, 3, 5, 8, 9, marked/ }).waitFor();
    expect(Number(won)).toBe(sum(base, CHOSEN) - sum(adapted, CHOSEN));
    expect(Number(forgotten.replace(',', ''))).toBe(sum(adapted, OTHERS) - sum(base, OTHERS));
    await page
      .getByText("3,518 numbers were trained, 1.50 % of the base's 235,146, in 200 iterations.")
      .waitFor();
    await page.getByText('With your adapter it reads').waitFor();
    expect(await ofBase()).toEqual(before);
    expect(await page.locator('.bar.adapted').allTextContents()).not.toEqual(before);
    await page.getByRole('switch').click();
    await page.getByText('The base reads 7').waitFor();
    await page.getByRole('switch').click();
    await page.getByText('With your adapter it reads').waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);

    const zip = await download(page);
    const files = new Map(Object.entries(unzipSync(zip)));
    expect([...files.keys()].sort()).toEqual(['adapter_config.json', 'adapter_model.safetensors']);
    expect(await countInNode(files)).toEqual(adapted);

    await page.reload();
    await settled(page);
    expect(await countsOf(page, 'adapted')).toEqual(adapted);
    await page.getByText('in 200 iterations').waitFor();
    await button(page, 'Remove it').click();
    await page.getByText('There is no adapter yet.').waitFor();
    await settled(page);
    expect(await countsOf(page, 'adapted')).toEqual([]);

    const picked = { name: 'mine.zip', mimeType: 'application/zip', buffer: Buffer.from(zip) };
    await page.locator('input[type=file]').setInputFiles(picked);
    await page.getByText('An adapter of rank 2 and alpha 1').waitFor();
    await settled(page);
    expect(await countsOf(page, 'adapted')).toEqual(adapted);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('learns a handwriting of its own, with replay, and keeps the drawings', async () => {
    const { page, complaints } = await visit(site);
    await settled(page);
    // A bare stroke, which this visitor means as a 7.
    for (let i = 0; i < 3; i++) {
      await draw(page, ...ONE);
      await page.getByText('The base reads 1').waitFor();
      await button(page, 'Keep as 7').click();
      await page.getByText('Draw, and see what the network reads.').waitFor();
    }
    expect(await page.getByLabel('My drawings (3)').isChecked()).toBe(true);
    await button(page, 'Delete drawing 3, a 7').click();
    await page.getByLabel('My drawings (2)').waitFor();
    await page.getByRole('slider').fill('50');
    await teach(page);
    await draw(page, ...ONE);
    await page.getByText('With your adapter it reads 7').waitFor();
    await page.reload();
    await settled(page);
    expect(await page.getByLabel('My drawings (2)').isChecked()).toBe(true);
    expect(await page.getByRole('slider').inputValue()).toBe('50');
    await button(page, 'Delete the last').click();
    await page.getByLabel('My drawings (1)').waitFor();
    await button(page, 'Delete 1 drawing').click();
    await page.getByText('No drawings are kept yet.').waitFor();
    expect(await button(page, 'Teach').getAttribute('aria-disabled')).toBe('true');
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('trains the base from scratch, keeps it over a reload, and puts the original back', async () => {
    const { page, complaints } = await visit(site);
    await settled(page);
    const shipped = await countsOf(page, 'base');
    await button(page, 'Train from scratch').click();
    await page.getByText(/of 6,000 iterations, [\d,]+ a second/).waitFor();
    await page.getByRole('img', { name: /^Loss over the iterations/ }).waitFor();
    await page.getByText(/^The new network reads/).waitFor();
    expect(await countsOf(page, 'base')).toEqual(shipped);
    await button(page, 'Use the new network').click();
    await page.getByText('trained here').waitFor();
    await settled(page);
    const trained = await countsOf(page, 'base');
    expect(trained).not.toEqual(shipped);
    await page.reload();
    await settled(page);
    await page.getByText('trained here').waitFor();
    expect(await countsOf(page, 'base')).toEqual(trained);
    await button(page, 'Put the original network back').click();
    await page.getByText('trained on 60,000 digits').waitFor();
    await settled(page);
    expect(await countsOf(page, 'base')).toEqual(shipped);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it.each([
    ['a phone, by finger', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }],
    ['a dark desktop', { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' as const }],
  ])('on %s: nothing is too wide, and axe finds nothing', async (_, options) => {
    const { page, complaints } = await visit(site, options);
    await settled(page);
    if ('hasTouch' in options) await drawByFinger(page);
    else await draw(page, ...ONE);
    await page.getByText(/The base reads \d/).waitFor();
    await teach(page);
    await page.getByText('The counts as a table').click();
    const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    expect(content).toBeLessThanOrEqual(window);
    expect(await accessibilityProblems(page)).toEqual([]);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('can be worked by keyboard alone', async () => {
    const { page } = await visit(site);
    await settled(page);
    const reach = async (what: string) => {
      for (let i = 0; i < 60; i++) {
        await page.keyboard.press('Tab');
        const name = await page.evaluate(() => {
          const { activeElement, body } = document;
          if (activeElement === body) return undefined;
          return activeElement?.textContent || activeElement?.parentElement?.textContent;
        });
        if (name?.includes(what)) return;
      }
      throw new Error(`the Tab key does not reach ${what}`);
    };
    await reach('Rank');
    await page.keyboard.press('ArrowUp');
    await reach('Teach');
    await page.keyboard.press('Enter');
    await page.getByText('An adapter of rank 3').waitFor();
    await settled(page);
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Teach');
    await reach('The adapter is on');
    await page.keyboard.press('Space');
    await page.getByText('The adapter is off').waitFor();
    await page.context().close();
  });
});

async function drawByFinger(page: Page): Promise<void> {
  const pad = page.locator('.pad');
  await pad.scrollIntoViewIfNeeded();
  const box = await pad.boundingBox();
  if (!box) throw new Error('the pad is not to be seen');
  const client = await page.context().newCDPSession(page);
  const at = (share: number) => [{ x: box.x + box.width / 2, y: box.y + share * box.height }];
  await client.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: at(0.15) });
  for (let share = 0.2; share < 0.9; share += 0.1) {
    await client.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: at(share) });
  }
  await client.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
}
