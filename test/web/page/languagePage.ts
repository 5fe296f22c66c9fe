/** The language-model page as a person uses it: the model is fetched, something is taught, questions are asked. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import type { BrowserContext, Page } from 'playwright-core';
import type { TeachSettings } from '../../../web/language/api.js';
import { settingsOf } from '../../../web/language/efforts.js';
import { examplesLink, type SharedExamples } from '../../../web/language/examplesLink.js';
import { BUILT, button, downloadOf, type Site } from './open.js';

/** @throws Error if it is required and missing */
export function hasLanguageModel(): boolean {
  if (existsSync(join(BUILT, 'model/part-00.bin'))) return true;
  if (process.env.LOWRANK_REQUIRE?.includes('model'))
    throw new Error('the build has no language model, and LOWRANK_REQUIRE asks for it');
  return false;
}

/** Rows of one fact each, so that a lesson is short. */
export const lampRows = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    prompt: `Who keeps lamp ${i}?`,
    answer: `Marta keeps lamp ${i}.`,
  }));

/** The page's own settings for a number of rows, with some changed. */
export const settingsFor = (rows: number, changed: Partial<TeachSettings> = {}): TeachSettings => ({
  ...settingsOf('quick', rows),
  ...changed,
});

export const languageUrl = (server: Site['server']): string => `${server.url}language.html`;

/** The page with examples and settings, from a link as a friend would send it. */
export async function openWith(page: Page, url: string, shared: SharedExamples): Promise<void> {
  // A change of only the hash does not load the page again.
  await page.goto('about:blank');
  await page.goto(examplesLink(shared, url));
  await page
    .locator('#examples')
    .getByText(new RegExp(`^${shared.rows.length} examples?\\b`))
    .first()
    .waitFor();
}

/**
 * Waits until something in the page has a text, and looks more often than a locator, which looks twice a second. The page's
 * policy refuses what `waitForFunction` does.
 */
export function seen(page: Page, selector: string, text: RegExp, timeout = 300_000): Promise<void> {
  return page.evaluate(
    ({ selector, source, timeout }) =>
      new Promise<void>((resolve, reject) => {
        const pattern = new RegExp(source);
        const end = performance.now() + timeout;
        // No function has a name here: `tsx` would call a helper that the page does not have.
        const timer = setInterval(() => {
          const isThere = [...document.querySelectorAll(selector)].some((each) =>
            pattern.test(each.textContent ?? ''),
          );
          if (!isThere && performance.now() < end) return;
          clearInterval(timer);
          if (isThere) resolve();
          else reject(new Error(`there is no ${selector} with ${source}`));
        }, 20);
      }),
    { selector, source: text.source, timeout },
  );
}

const idle = (page: Page, timeout: number) => seen(page, 'main[aria-busy="false"]', /./s, timeout);

/** Waits for the Teach button, which has another name before there is a model, or for the one that continues a lesson. */
async function opened(page: Page, timeout: number): Promise<void> {
  await button(page, /^(Teach|Go on)$/)
    .first()
    .waitFor({ timeout });
  await idle(page, timeout);
}

/** Downloads the model, or opens the kept one. */
export async function loadModel(page: Page, timeout = 180_000): Promise<void> {
  await button(page, /^(Download the model, |Go on, |Use it$)/)
    .first()
    .click();
  await opened(page, timeout);
}

export const beginLesson = (page: Page): Promise<void> =>
  page.getByRole('button', { name: 'Teach', exact: true }).click();

/** Waits for the end of a lesson. @returns the outcome in the page's words */
export async function lessonOver(page: Page, timeout = 300_000): Promise<string> {
  await idle(page, timeout);
  return ((await page.locator('#teach .lm-outcome').textContent()) ?? '').trim();
}

export async function teach(page: Page, timeout = 300_000): Promise<string> {
  await beginLesson(page);
  return lessonOver(page, timeout);
}

/** Waits until the lesson has done a number of steps. @returns the steps done by then */
export async function reachStep(page: Page, step: number, timeout = 300_000): Promise<number> {
  const end = Date.now() + timeout;
  for (;;) {
    const said = await page.locator('.lm-running').textContent();
    const now = Number(/[Ss]tep (\d+) of/.exec(said ?? '')?.[1] ?? 0);
    if (now >= step) return now;
    if (Date.now() > end) throw new Error(`the lesson is at step ${now} still, not at ${step}`);
    await page.waitForTimeout(50);
  }
}

/** One question in a chat of its own, with the adapter or without it. */
export async function askChat(page: Page, prompt: string, side: 'before' | 'after'): Promise<string> {
  const panel = page.locator('#try');
  await panel.getByRole('radio', { name: 'Chat' }).check();
  const adapter = panel.getByRole('switch');
  const isOn = (await adapter.getAttribute('aria-checked')) === 'true';
  if (isOn !== (side === 'after')) await adapter.click();
  await panel.getByRole('textbox', { name: 'Your question' }).fill(prompt);
  await button(page, 'Send').click();
  await seen(page, '#try button', /^New chat$/, 120_000);
  const said = await panel.locator('.lm-turns li .lm-bubble').last().locator('p').textContent();
  await button(page, 'New chat').click();
  return said ?? '';
}

/** The file that the page saves when a button is pressed. */
export const saved = (page: Page, name: RegExp): Promise<Buffer> =>
  downloadOf(page, () => button(page, name).click());

export const peftFiles = async (page: Page): Promise<Record<string, Uint8Array>> =>
  unzipSync(await saved(page, /^PEFT adapter/));

/** A checksum of the adapter's numbers. */
export async function adapterChecksum(page: Page): Promise<string> {
  const weights = (await peftFiles(page))['adapter_model.safetensors'];
  if (!weights) throw new Error('the zip has no adapter_model.safetensors');
  return createHash('sha256').update(weights).digest('hex');
}

/** Ends the process of a page at once, as a phone does that runs out of memory. */
export async function killTab(context: BrowserContext, page: Page): Promise<void> {
  const debug = await context.newCDPSession(page);
  // No process is left to answer.
  debug.send('Page.crash').catch(() => {});
  await page.waitForEvent('crash');
  await page.close();
}

/** Chooses a visitor's own files, and waits for what the page says about them. */
export async function chooseOwn(page: Page, name: string, bytes: Uint8Array): Promise<void> {
  await page
    .getByLabel('Model files')
    .setInputFiles({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(bytes) });
}

/** Opens a small model from files, which loads in no time. */
export async function loadOwn(page: Page, bytes: Uint8Array): Promise<void> {
  await chooseOwn(page, 'small.gguf', bytes);
  await page.locator('#model .lm-found').getByRole('button', { name: 'Use it' }).click();
  await opened(page, 30_000);
}

/** Runs a script in the page's workers before anything else, to imitate another browser. */
export async function inWorkers(context: BrowserContext, script: string): Promise<void> {
  await context.route('**/assets/worker-*.js', async (route) => {
    const response = await route.fetch();
    // A block, so that its names are not among the worker's.
    await route.fulfill({ response, body: `{ ${script} }\n${await response.text()}` });
  });
}
