/** An adapter that is loaded from a zip, and saved as a zip, a link and a picture. */
import { readFile } from 'node:fs/promises';
import { unzipSync } from 'fflate';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ReferenceBackend } from '../../../src/backends/reference/index.js';
import { applyLora, serializeAdapter } from '../../../src/index.js';
import { DigitsNet, parseMnist } from '../../../src/mnist/index.js';
import { mnistFiles } from '../../../src/node/mnist.js';
import { withAbout } from '../../../web/about.js';
import { zipAdapter } from '../../../web/adapterZip.js';
import { PIXELS } from '../../../web/lab/pixels.js';
import { readLink } from '../../../web/link.js';
import { hasChromium } from '../../browser/chromium.js';
import {
  accessibilityProblems,
  button,
  draw,
  ONE,
  openSite,
  reads,
  type Site,
  settled,
  teachAs,
  visit,
} from './open.js';

/** A seven, which the network knows, taught by an adapter that changes nothing yet. */
const SEVEN = (await parseMnist(await mnistFiles())).test.images.slice(0, PIXELS);

async function filesOf(rank: number) {
  const model = new DigitsNet(new ReferenceBackend());
  const adapter = await applyLora(model, { rank, alpha: 1, bias: 'lora_only', init: 'normal', seed: 0 });
  return serializeAdapter(adapter);
}

async function zipOf(rank: number) {
  const taught = { digits: [7], iterations: 200, replay: 0, seconds: 0.41, drawingCount: 1 };
  const size = { rank, alpha: 1, trainable: 3518, total: 238_664, percent: 1.47 };
  const view = { ...size, ...taught, drawings: [{ pixels: SEVEN, label: 7 }] };
  return zipAdapter(withAbout(await filesOf(rank), view, true));
}

async function load(page: Page, name: string, zip: Uint8Array): Promise<void> {
  const buffer = Buffer.from(zip);
  await page.locator('input[type=file]').setInputFiles({ name, mimeType: 'application/zip', buffer });
}

async function downloaded(page: Page, name: string): Promise<[name: string, bytes: Buffer]> {
  const [file] = await Promise.all([page.waitForEvent('download'), button(page, name).click()]);
  return [file.suggestedFilename(), await readFile(await file.path())];
}

describe.skipIf(!hasChromium())('an adapter', () => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite();
  });
  afterAll(() => site.close());

  it('is taken along with what it was taught', async () => {
    const { page, complaints } = await visit(site, { permissions: ['clipboard-read', 'clipboard-write'] });
    await settled(page);
    await load(page, 'seven.zip', await zipOf(2));
    await page.getByText('Taught 7 from 1 drawing in 0.4 s.').waitFor();
    await settled(page);
    expect(await accessibilityProblems(page)).toEqual([]);

    const [name, zip] = await downloaded(page, 'Download a zip');
    expect(name).toBe('lowrank-adapter.zip');
    const parts = unzipSync(zip);
    expect(parts).toMatchObject(Object.fromEntries(await filesOf(2)));
    expect(Object.keys(parts)).toContain('README.md');

    await button(page, 'Copy a link').click();
    await button(page, 'Copied').waitFor();
    const link = await page.evaluate<string>('navigator.clipboard.readText()');
    expect(link.startsWith(`${site.server.url}#a=`)).toBe(true);
    expect(Object.fromEntries(readLink(new URL(link).hash) ?? [])).toMatchObject(
      Object.fromEntries(await filesOf(2)),
    );

    const [pictureName, png] = await downloaded(page, 'Save a picture');
    expect(pictureName).toBe('lowrank-7.png');
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([1200, 630]);

    await button(page, 'Remove the adapter').click();
    await page.getByText('There is no adapter yet').waitFor();
    expect(await page.evaluate('document.activeElement?.textContent')).toMatch(/^Take it with you/);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('opens from a link in a fresh profile, and gives the same answers', async () => {
    const { page } = await visit(site, { permissions: ['clipboard-read', 'clipboard-write'] });
    await settled(page);
    await teachAs(page, 7, ONE);
    const shares = (at: Page) =>
      at.locator('.meter .adapted').evaluateAll((fills) => fills.map((fill) => fill.style.transform));
    await button(page, 'Copy a link').click();
    await button(page, 'Copied').waitFor();
    const link = await page.evaluate<string>('navigator.clipboard.readText()');
    const friend = await (await site.browser.newContext()).newPage();
    await friend.goto(link);
    await friend.getByText(/^This is the adapter from the link\. Taught 7 from 1 drawing in /).waitFor();
    await reads(friend, 7, 'after');
    await settled(friend);
    expect(await shares(friend)).toEqual(await shares(page));
    expect(new URL(friend.url()).hash).toBe('');
    await friend.reload();
    await settled(friend);
    await draw(friend, ...ONE);
    await reads(friend, 7, 'after');
    await friend.goto(`${link.slice(0, -40)}`);
    await friend.getByText('This link is damaged or was cut short: ask for it again.').waitFor();
    await friend.context().close();
    await page.context().close();
  });

  it('is copied by hand where the browser lets no page copy', async () => {
    const { page } = await visit(site);
    await settled(page);
    await load(page, 'seven.zip', await zipOf(1));
    await settled(page);
    await page.evaluate(`Object.defineProperty(navigator, 'clipboard', { value: undefined })`);
    await button(page, 'Copy a link').click();
    const field = page.getByLabel('copy the link from here');
    await field.waitFor();
    const selected = await page.evaluate<string>('String(getSelection())');
    expect(selected).toBe(await field.inputValue());
    expect(readLink(new URL(selected).hash)?.size).toBe(3);
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.context().close();
  });

  it('has no link where it is too large for one, and says why', async () => {
    const { page } = await visit(site);
    await settled(page);
    await load(page, 'seven.zip', await zipOf(8));
    await page.getByText('and this one has rank 8: send the zip instead.').waitFor();
    const copy = button(page, 'Copy a link');
    expect(await copy.getAttribute('aria-disabled')).toBe('true');
    // The button is only marked as disabled.
    await copy.click({ force: true });
    expect(await page.evaluate('document.activeElement?.textContent')).toBe('Copy a link');
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.context().close();
  });
});
