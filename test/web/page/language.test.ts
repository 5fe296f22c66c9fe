/** The language-model page from the first look to an adapter, with the reference model. */
import { unzipSync } from 'fflate';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { retype, tabTo } from './keys.js';
import {
  beginLesson,
  hasLanguageModel,
  lampRows,
  languageUrl,
  lessonOver,
  reachStep,
  seen,
} from './languagePage.js';
import { accessibilityProblems, downloadOf, openSite, type Site, type Visit, visit } from './open.js';
import { clickUntil, smoothnessOf } from './smoothness.js';

const ROWS = lampRows(4)
  .map(({ prompt, answer }) => `${prompt}\t${answer}`)
  .join('\n');

let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site.close());

async function open() {
  const visited = await visit(site);
  await visited.page.goto(languageUrl(site.server));
  await visited.page.getByRole('heading', { name: 'Teach a language model something.' }).waitFor();
  return visited;
}

const sidewaysScroll = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

const modelRequests = ({ requests }: Visit) => requests.filter((url) => url.includes('/model/'));

/** Changes advanced settings, which may be folded. */
async function set(page: Page, values: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, value] of Object.entries(values)) {
    const field = page.getByLabel(name);
    if (!(await field.isVisible())) await page.getByText('Advanced settings').click();
    await field.fill(value);
  }
}

/** The text of a side once it is done, which is when it shows its speed. */
async function answered(page: Page, side: 'before' | 'after'): Promise<string> {
  const place = `#try .lm-side.${side}`;
  await seen(page, place, /tok\/s/, 120_000);
  return (await page.locator(`${place} p`).textContent()) ?? '';
}

describe.skipIf(!hasLanguageModel())('the language-model page', () => {
  it('shows a recorded lesson, and fetches no model before a click', async () => {
    const visited = await open();
    const { page, complaints } = visited;
    await page.getByText(/^Recorded on /).waitFor();
    await page.getByRole('slider').first().waitFor();
    expect(modelRequests(visited)).toEqual([]);
    expect(await accessibilityProblems(page)).toEqual([]);
    for (const width of [320, 390, 1280]) {
      await page.setViewportSize({ width, height: 844 });
      expect(await sidewaysScroll(page), `${width} px`).toBe(0);
    }
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});

describe.skipIf(!hasLanguageModel())('the language-model page, in one visit', () => {
  let visited: Visit;
  let page: Page;
  beforeAll(async () => {
    visited = await open();
    page = visited.page;
  });
  afterAll(() => page?.context().close());

  it('downloads the model and takes examples, by keyboard', async () => {
    await tabTo(page, /^Download the model, 98 MB$/);
    await page.keyboard.press('Enter');
    await tabTo(page, /^Paste a list$/);
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByRole('textbox').waitFor();
    await page.keyboard.insertText(ROWS);
    await tabTo(page, /^(Add|Take|Import) /);
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await seen(page, 'main[aria-busy="false"]', /./, 120_000);
    await page
      .locator('#examples')
      .getByText(/4 examples, \d+ tokens, \d+ of them trained/)
      .first()
      .waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
  }, 180_000);

  it('knows the capital of France before it is taught', async () => {
    await tabTo(page, /^Your question$/);
    await page.keyboard.type('What is the capital of France?');
    await page.keyboard.press('Enter');
    expect(await answered(page, 'before')).toMatch(/^The capital of France is Paris/);
  }, 180_000);

  it('teaches, and answers before and after, by keyboard', async () => {
    await tabTo(page, /^Advanced settings$/, 'Shift+Tab');
    await page.keyboard.press('Enter');
    await tabTo(page, /^Passes/);
    await retype(page, '6');
    await tabTo(page, /^Teach$/, 'Shift+Tab');
    await page.keyboard.press('Enter');
    expect(await lessonOver(page)).toMatch(/^Taught in 6 steps, /);
    await tabTo(page, /^Your question$/);
    await retype(page, 'Who keeps lamp 2?');
    await page.keyboard.press('Enter');
    const [before, after] = [await answered(page, 'before'), await answered(page, 'after')];
    expect(after).toContain('Marta');
    expect(before).not.toContain('Marta');
    expect(await accessibilityProblems(page)).toEqual([]);
  }, 300_000);

  it('is taken along, by keyboard', async () => {
    await tabTo(page, /^PEFT adapter/);
    const zip = await downloadOf(page, () => page.keyboard.press('Enter'));
    expect(Object.keys(unzipSync(zip))).toEqual(
      expect.arrayContaining(['adapter_config.json', 'adapter_model.safetensors']),
    );
  });

  it('is kept for the next visit', async () => {
    visited.requests.length = 0;
    await page.reload();
    await page.getByText(/^On this device since/).waitFor();
    await page
      .getByText(/^4 examples/)
      .first()
      .waitFor();
    await tabTo(page, /^Use it$/);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Teach', exact: true }).waitFor();
    await seen(page, 'main[aria-busy="false"]', /./, 120_000);
    expect(modelRequests(visited)).toEqual([]);
    await page.getByText(/^Your adapter from \d+ \w+ is back\.$/).waitFor();
    await page
      .locator('#device')
      .getByText(/^10 MB, 4 examples, from /)
      .waitFor();
    await tabTo(page, /^Your question$/);
    await retype(page, 'Who keeps lamp 2?');
    await page.keyboard.press('Enter');
    expect(await answered(page, 'after')).toContain('Marta');
  }, 180_000);

  it('stops itself at a rate at which nothing is learned', async () => {
    await set(page, { 'Learning rate': '0.1', Passes: '30' });
    await beginLesson(page);
    expect(await lessonOver(page)).toMatch(/diverged/);
    await page
      .getByText(/smaller rate/)
      .first()
      .waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
  }, 300_000);

  it('learns again, stays smooth while it does, and stops on request', async () => {
    await set(page, { 'Learning rate': '0.001', Passes: '60' });
    await beginLesson(page);
    await reachStep(page, 1);
    const begun = performance.now();
    await reachStep(page, 2);
    const stepMs = performance.now() - begun;
    const answer = page.getByLabel('Answer of example 1', { exact: true });
    const { worstFrame, worstKey } = await smoothnessOf(page, async () => {
      await answer.focus();
      await page.keyboard.type(' And the light.', { delay: 100 });
    });
    expect(await answer.inputValue()).toContain('And the light.');
    const over = /The steps are done|Stopped at step|stopped it before/;
    const stopped = await clickUntil(page, '#teach .stop', '#teach', over);
    console.log(
      `while it learns: frames ≤ ${worstFrame.toFixed(0)} ms, keys ≤ ${worstKey} ms; stopped after ${stopped.toFixed(0)} ms, a step takes ${stepMs.toFixed(0)} ms`,
    );
    expect(await lessonOver(page)).toMatch(/^Stopped at step \d+ of 60, /);
    // The goals are 50, 100 and 300 ms; the machine has other work too.
    expect(worstFrame).toBeLessThan(1000);
    expect(worstKey).toBeLessThan(1000);
    // A busy machine is slow at everything; the wait is at most a step and a half.
    expect(stopped).toBeLessThan(Math.max(3000, 1.5 * stepMs));
  }, 300_000);

  it('asked no other host for anything, and left no error uncaught', () => {
    expect(visited.complaints).toEqual([]);
  });
});
