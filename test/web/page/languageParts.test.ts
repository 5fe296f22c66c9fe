/** What the language page takes, keeps and shares: dropped files, tabs, devices, phones. With a small model from files. */
import { zipSync } from 'fflate';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { folder } from '../../models/fixtures.js';
import { accessibilityProblems, button, openSite, type Site, visit } from './open.js';
import { swipe } from './swipe.js';

let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site.close());

const MODEL = [...folder('llama3')]
  .filter(([name]) => /\.(json|safetensors|jinja)$/.test(name))
  .map(([name, bytes]) => ({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(bytes) }));

async function ready(page: Page): Promise<Page> {
  await page.goto(`${site.server.url}language.html`);
  await button(page, 'Paste a list').waitFor();
  return page;
}

async function open(options: Parameters<typeof visit>[1] = {}): Promise<Page> {
  return ready((await visit(site, options)).page);
}

async function useModel(page: Page): Promise<void> {
  await page.getByLabel('Model files').setInputFiles(MODEL);
  await button(page, /^(Use it|Try anyway)$/)
    .first()
    .click();
}

const said = (page: Page) => page.locator('.messages');

/** Drags files over the page, waits for the veil, and drops them. */
async function drop(page: Page, files: Record<string, string | number[]>): Promise<void> {
  const data = await page.evaluateHandle((given) => {
    const transfer = new DataTransfer();
    for (const [name, content] of Object.entries(given)) {
      const part = typeof content === 'string' ? content : new Uint8Array(content);
      transfer.items.add(new File([part], name));
    }
    return transfer;
  }, files);
  await page.dispatchEvent('h1', 'dragover', { dataTransfer: data });
  await page.getByText('Drop it here').waitFor();
  await page.dispatchEvent('h1', 'drop', { dataTransfer: data });
  await page.getByText('Drop it here').waitFor({ state: 'detached' });
}

const projectZip = () => {
  const project = { v: 1, rows: [['When do you open?', 'At six.']], system: 'Be brief.' };
  return [...zipSync({ 'lowrank-project.json': new TextEncoder().encode(JSON.stringify(project)) })];
};

describe('a file that is dropped anywhere on the page', () => {
  it('goes where it belongs, or is named', async () => {
    const page = await open();
    await drop(page, { 'photo.png': 'x' });
    await said(page).getByText('This page cannot open photo.png').waitFor();

    await drop(page, { 'facts.csv': 'prompt,answer\nWho bakes?,Otto.\n' });
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Otto.').waitFor();
    await page.keyboard.press('Escape');

    await drop(page, { 'model.gguf': 'no model' });
    await page.locator('#model').getByRole('alert').waitFor();

    await drop(page, { 'lowrank-project.zip': projectZip() });
    await said(page).getByText('lowrank-project.zip is open').waitFor();
    expect(await page.getByLabel('Answer of example 1').inputValue()).toBe('At six.');
    await page.context().close();
  });

  it('may be a project that is picked among the examples, and can be undone', async () => {
    const page = await open();
    await button(page, /^Short answers/).click();
    const file = { name: 'p.zip', mimeType: 'application/zip', buffer: Buffer.from(projectZip()) };
    await page.locator('#examples').getByLabel('From a file').setInputFiles(file);
    await page.getByText('1 example', { exact: true }).waitFor();
    await said(page).getByRole('button', { name: 'Undo' }).click();
    await page.getByText(/^24 examples/).waitFor();
    await page.context().close();
  });
});

describe('a second tab', () => {
  it('says that the model is in another, and takes it over', async () => {
    const first = await open();
    await useModel(first);
    await first.getByText(/Ready · CPU/).waitFor();
    const second = await ready(await first.context().newPage());
    await second.getByText('This model is open in another tab.').waitFor();
    expect(await accessibilityProblems(second)).toEqual([]);

    await useModel(second);
    await second.waitForTimeout(500);
    expect(await second.getByText(/Ready · CPU/).count()).toBe(0);
    await button(second, 'Use it here').click();
    await first.getByText('This model is open in another tab.').waitFor();
    expect(await first.getByText(/Ready · CPU/).count()).toBe(0);
    expect(await second.getByText('This model is open in another tab.').count()).toBe(0);
    await button(second, /^(Use it|Try anyway)$/)
      .first()
      .click();
    await second.getByText(/Ready · CPU/).waitFor();
    await second.context().close();
  });

  it('is held back by nothing where the browser has no locks', async () => {
    const { page } = await visit(site);
    await page.addInitScript(() => Object.defineProperty(Navigator.prototype, 'locks', { value: undefined }));
    await ready(page);
    await useModel(page);
    await page.getByText(/Ready · CPU/).waitFor();
    await page.context().close();
  });
});

describe('what computes', () => {
  it('is shown in the header, and WebGPU is used if it is chosen', async () => {
    const page = await open();
    const chip = page.locator('.lm-chip');
    expect(await chip.innerText()).toMatch(/^CPU, (\d+ threads|one thread)$/);
    // Chromium has a software driver here.
    await chip.locator('summary').click();
    expect(await accessibilityProblems(page)).toEqual([]);
    await useModel(page);
    await page.getByText(/Ready · CPU/).waitFor();
    await page.getByLabel('WebGPU (experimental)').click();
    await page.getByText('Ready · GPU').waitFor({ timeout: 60_000 });
    expect(await chip.locator('summary').innerText()).toBe('WebGPU (experimental)');
    await page.context().close();
  });

  it('says if a browser is too old, and still plays the recorded lesson', async () => {
    const { page } = await visit(site);
    await page.addInitScript(() => {
      WebAssembly.validate = () => false;
    });
    await ready(page);
    await page.getByText(/^This browser is too old to run a model/).waitFor();
    await page.context().close();
  });
});

describe('the advanced settings', () => {
  it('train prompts too where that is chosen, which is counted and shown', async () => {
    const page = await open();
    await useModel(page);
    await page.getByText(/Ready · CPU/).waitFor();
    await button(page, /^Short answers/).click();
    const examples = page.locator('#examples');
    const trained = async () => {
      const line = await examples
        .getByText(/ of them trained( ·|$)/)
        .first()
        .textContent();
      return Number(/([\d,]+) of them/.exec(line ?? '')?.[1].replace(',', ''));
    };
    await examples.getByText('What the model sees').click();
    const answers = await trained();
    expect(await examples.locator('.examples-text').textContent()).toMatch(/^Not trained: /);
    await page.getByText('Advanced settings').click();
    const only = page.getByRole('checkbox', { name: /^Train on answers only/ });
    expect(await only.isChecked()).toBe(true);
    await only.uncheck();
    await expect.poll(trained).toBeGreaterThan(2 * answers);
    await examples.locator('.examples-text .examples-trained').filter({ hasText: 'user' }).waitFor();
    await page.getByText(/^Your own settings/).waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.context().close();
  });

  it('spare the memory of a small device, until the visitor decides otherwise', async () => {
    const { page } = await visit(site);
    await page.addInitScript(() => Object.defineProperty(Navigator.prototype, 'deviceMemory', { value: 2 }));
    await ready(page);
    const spared = page.getByText('To save memory on this device, each block is computed twice');
    await spared.waitFor();
    expect(await page.getByRole('radio', { name: 'Quick' }).isChecked()).toBe(true);
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.getByText('Advanced settings').click();
    const tight = page.getByRole('checkbox', { name: /^Memory-tight/ });
    expect(await tight.isChecked()).toBe(true);
    await tight.uncheck();
    await spared.waitFor({ state: 'detached' });
    await page.context().close();

    const other = (await visit(site)).page;
    await other.addInitScript(() => Object.defineProperty(Navigator.prototype, 'deviceMemory', { value: 8 }));
    await ready(other);
    await other.getByText('Advanced settings').click();
    expect(await other.getByRole('checkbox', { name: /^Memory-tight/ }).isChecked()).toBe(false);
    await other.context().close();
  });
});

describe('a set of examples', () => {
  it('has its recommended settings also after a reload', async () => {
    const page = await open();
    await button(page, /^Order → JSON/).click();
    const recommended = page.getByRole('radio', { name: 'Recommended for this set' });
    await recommended.waitFor();
    await page
      .locator('#device')
      .getByText(/in 30 rows$/)
      .waitFor();
    // The draft is kept a moment after the last change.
    await page.waitForTimeout(500);
    await page.reload();
    await page
      .locator('#device')
      .getByText(/in 30 rows$/)
      .waitFor();
    expect(await recommended.isChecked()).toBe(true);
    await page.context().close();
  });
});

describe('what this device keeps', () => {
  it('is listed with its size, and deleted', async () => {
    const page = await open();
    const kept = page.locator('#device');
    await kept.getByText('Nothing of yours is kept here yet.').waitFor();
    await button(page, /^Order → JSON/).click();
    await kept.getByText(/^\d kB in 30 rows$/).waitFor();
    await kept.getByRole('button', { name: 'Delete: Your examples' }).click();
    await kept.getByText('Nothing of yours is kept here yet.').waitFor();
    await said(page).getByRole('button', { name: 'Undo' }).click();
    await kept.getByText(/in 30 rows$/).waitFor();
    await page.context().close();
  });
});

describe('on a phone', () => {
  const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

  it('has five large targets below, fields that do not make it zoom, and cards that are swiped away', async () => {
    const page = await open(phone);
    await button(page, /^Short answers/).click();
    const targets = await page
      .locator('.lm-steps a')
      .evaluateAll((all) => all.map((a) => a.getBoundingClientRect()));
    expect(targets.length).toBe(5);
    for (const { height, width, bottom } of targets) {
      expect(Math.min(height, width)).toBeGreaterThanOrEqual(56);
      expect(bottom).toBeGreaterThan(780);
    }
    const letters = await page
      .locator('textarea, select, input:not([type=radio], [type=checkbox], [type=range], [type=file])')
      .evaluateAll((all) =>
        all.map((each) => [each.outerHTML.slice(0, 80), parseFloat(getComputedStyle(each).fontSize)]),
      );
    expect(letters.filter(([, size]) => (size as number) < 16)).toEqual([]);

    await page.locator('.lm-chip summary').click();
    for (const width of [320, 360]) {
      await page.setViewportSize({ width, height: 640 });
      await page.waitForFunction(
        () => document.documentElement.scrollWidth <= document.documentElement.clientWidth,
      );
    }
    await page.setViewportSize(phone.viewport);
    await swipe(page, '.examples-row:first-child .examples-number', -140);
    await page.getByText(/^23 examples/).waitFor();
    await said(page).getByRole('button', { name: 'Undo' }).click();
    await page.getByText(/^24 examples/).waitFor();
    await page.context().close();
  });
});
