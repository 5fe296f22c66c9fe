/** The page from the first drawing to an adapter that goes to Node and back. */
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
  fetchMnist,
  ONE,
  openMore,
  openSite,
  practise,
  reads,
  SEVEN,
  type Site,
  set,
  settled,
  teachAgain,
  teachAs,
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
  const [file] = await Promise.all([page.waitForEvent('download'), button(page, 'Download a zip').click()]);
  expect(file.suggestedFilename()).toBe('lowrank-adapter.zip');
  return readFile(await file.path());
}

describe('a visit', () => {
  it('practises digits, sees what was forgotten, switches, downloads, reloads and loads', async () => {
    const { page, complaints, requests } = await visit(site);
    await settled(page);
    await fetchMnist(page);
    // Requests of the worker are seen too.
    expect(requests).toContain(`${site.server.url}trainImages.bin`);
    await draw(page, ...SEVEN);
    await reads(page, 7, 'before');
    const ink = () => page.locator('.pad').evaluate((pad: HTMLCanvasElement) => pad.toDataURL());
    // The last piece of the stroke is drawn with the next frame.
    await page.waitForTimeout(200);
    const drawn = await ink();
    await page.locator('.pad').hover({ position: { x: 20, y: 20 } });
    await page.locator('.pad').hover({ position: { x: 90, y: 150 } });
    expect(await ink()).toBe(drawn);
    const ofBase = () =>
      page.locator('.meter .base').evaluateAll((fills) => fills.map((fill) => fill.style.transform));
    const before = await ofBase();

    await set(page, 'Training steps', 200);
    await page
      .getByRole('slider', { name: /^Old digits mixed in/ })
      .first()
      .fill('0');
    await practise(page);
    const [base, adapted] = [await countsOf(page, 'base'), await countsOf(page, 'adapted')];
    expect(sum(adapted, CHOSEN)).toBeLessThan(sum(base, CHOSEN));
    expect(sum(adapted, OTHERS)).toBeGreaterThan(sum(base, OTHERS));
    expect(await ofBase()).toEqual(before);
    await page.getByRole('radio', { name: 'Before' }).check();
    await reads(page, 7, 'before');
    await page.getByRole('radio', { name: 'After' }).check();
    expect(await accessibilityProblems(page)).toEqual([]);

    const zip = await download(page);
    const files = new Map(Object.entries(unzipSync(zip)));
    expect([...files.keys()]).toEqual(
      expect.arrayContaining(['adapter_config.json', 'adapter_model.safetensors', 'lowrank.json']),
    );
    expect(await countInNode(files)).toEqual(adapted);

    await page.reload();
    await settled(page);
    await fetchMnist(page);
    expect(await countsOf(page, 'adapted')).toEqual(adapted);
    await button(page, 'Remove the adapter').click();
    await page.getByText('The adapter was removed.').waitFor();
    await settled(page);
    expect(await countsOf(page, 'adapted')).toEqual([]);

    const picked = { name: 'mine.zip', mimeType: 'application/zip', buffer: Buffer.from(zip) };
    await page.locator('input[type=file]').setInputFiles(picked);
    await page.getByText(/^mine\.zip: /).waitFor();
    await settled(page);
    expect(await countsOf(page, 'adapted')).toEqual(adapted);
    expect(complaints).toEqual([]);
    await page.context().close();
  }, 60_000);

  it('learns from several drawings, and keeps them', async () => {
    const { page, complaints } = await visit(site);
    await settled(page);
    // A bare stroke, which this visitor means as a 7.
    for (let i = 0; i < 3; i++) await teachAs(page, 7, ONE);
    await page.getByText(/^It learned your 7 from 3 drawings/).waitFor();
    await button(page, 'Delete drawing 3, a 7').click();
    await page.getByText('It learns from 2 drawings of yours.').waitFor();
    await set(page, 'Rank', 3);
    await teachAgain(page);
    await draw(page, ...ONE);
    await reads(page, 7, 'after');
    await page.reload();
    await settled(page);
    await page.getByText('It learns from 2 drawings of yours.').waitFor();
    await openMore(page);
    expect(await page.getByRole('spinbutton', { name: 'Rank' }).inputValue()).toBe('3');
    await button(page, 'Show drawing 1, a 7').click();
    await reads(page, 7, 'after');
    await button(page, 'Delete 2 drawings').click();
    await page.locator('.drawings').waitFor({ state: 'detached' });
    expect(await button(page, 'Teach again with these').getAttribute('aria-disabled')).toBe('true');
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('trains the base from scratch, keeps it over a reload, and puts the original back', async () => {
    const { page, complaints } = await visit(site);
    await settled(page);
    await fetchMnist(page);
    const shipped = await countsOf(page, 'base');
    await button(page, 'Train from scratch').click();
    await page.getByRole('img', { name: /^Loss over the/ }).waitFor();
    await page.getByText(/^The new network reads/).waitFor();
    expect(await countsOf(page, 'base')).toEqual(shipped);
    await button(page, 'Use the new network').click();
    await page.getByText('trained here').waitFor();
    await settled(page);
    const trained = await countsOf(page, 'base');
    expect(trained).not.toEqual(shipped);
    await page.reload();
    await settled(page);
    await fetchMnist(page);
    await page.getByText('trained here').waitFor();
    expect(await countsOf(page, 'base')).toEqual(trained);
    await button(page, 'Put the original back').click();
    await page.getByText('trained on the 60,000 digits').waitFor();
    await settled(page);
    expect(await countsOf(page, 'base')).toEqual(shipped);
    expect(complaints).toEqual([]);
    await page.context().close();
  }, 60_000);

  it.each([
    ['a phone, by finger', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }],
    ['a dark desktop', { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' as const }],
  ])('on %s: axe finds nothing', async (_, options) => {
    const { page, complaints } = await visit(site, options);
    await settled(page);
    if ('hasTouch' in options) await drawByFinger(page);
    else await draw(page, ...ONE);
    await reads(page, 1, 'before');
    await button(page, 'This is a 7').click();
    await reads(page, 7, 'after');
    for (const summary of await page.locator('summary').all()) await summary.click();
    expect(await accessibilityProblems(page)).toEqual([]);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('can be used only by keyboard', async () => {
    const { page } = await visit(site);
    await settled(page);
    const reach = async (what: string) => {
      for (let i = 0; i < 150; i++) {
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
    await reads(page, 8, 'before');
    await reach('This is a 0');
    await page.keyboard.press('Enter');
    await reads(page, 0, 'after');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toContain('This is a 0');
    await settled(page);
    await page.keyboard.press('a');
    await reads(page, 8, 'before');
    await reach('More: settings');
    await page.keyboard.press('Enter');
    await reach('Rank');
    await page.keyboard.press('ArrowUp');
    await reach('Teach again with these');
    await page.keyboard.press('Enter');
    await page.getByText('This adapter replaces the previous one.').waitFor();
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
