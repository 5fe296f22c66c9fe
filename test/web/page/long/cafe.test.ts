/** The Lighthouse Café at the page's own settings: what is learned and forgotten, unchanged bit for bit by a killed tab. */
import { cpus } from 'node:os';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CAFE } from '../../../../web/language/presets/cafe.js';
import { passes } from '../../../../web/language/presets/checks.js';
import {
  adapterChecksum,
  askChat,
  beginLesson,
  hasLanguageModel,
  killTab,
  languageUrl,
  lessonOver,
  loadModel,
  reachStep,
} from '../languagePage.js';
import { button, openSite, type Site } from '../open.js';
import { type Figure, printFigures } from './figures.js';
import { type TabMemory, watchTab } from './memory.js';

let site: Site;
let context: BrowserContext;
const figures: Figure[] = [];
/** Checksum of the lesson that was not disturbed. */
let undisturbed = '';

beforeAll(async () => {
  site = await openSite();
  context = await site.browser.newContext({ acceptDownloads: true });
});
afterAll(async () => {
  printFigures(`The Lighthouse Café on ${cpus().length} cores`, figures);
  await site.close();
});

async function openCafe(): Promise<Page> {
  const page = await context.newPage();
  await page.goto(languageUrl(site.server));
  await button(page, /^The Lighthouse/).click();
  await loadModel(page);
  return page;
}

/** Number of checks of a kind that the taught model passes, and its answers to the others. */
async function count(page: Page, kind: 'repeats' | 'says'): Promise<{ right: number; wrong: string[] }> {
  const checks = CAFE.checks.filter((check) => check.kind === kind);
  const wrong: string[] = [];
  for (const check of checks) {
    const answer = await askChat(page, check.prompt, 'after');
    if (!passes(check, answer)) wrong.push(`${check.prompt} → ${answer}`);
  }
  return { right: checks.length - wrong.length, wrong };
}

/** Runs a lesson at the page's own settings. @returns seconds since the click */
async function taughtSeconds(page: Page): Promise<{ seconds: number; memory: TabMemory }> {
  const memory = await watchTab(site.browser);
  const cpu = memory.cpuSeconds();
  const begun = performance.now();
  await beginLesson(page);
  const said = await lessonOver(page, 900_000);
  expect(said).toMatch(/^Taught in 77 steps, /);
  const seconds = (performance.now() - begun) / 1000;
  figures.push(['the page says', said.split('. ')[0], '']);
  figures.push(['  processor time of its threads', `${(memory.cpuSeconds() - cpu).toFixed(0)} s`, '']);
  return { seconds, memory };
}

describe.skipIf(!hasLanguageModel())('the café', () => {
  it('is learned at the settings the page proposes, and what was forgotten is said', async () => {
    const page = await openCafe();
    const { seconds, memory } = await taughtSeconds(page);
    figures.push(['from the click to the outcome', `${seconds.toFixed(0)} s`, '≤ 120 s']);
    figures.push(['memory of the tab meanwhile', `${memory.peak().toFixed(0)} MB`, '≤ 700 MB']);
    memory.end();
    undisturbed = await adapterChecksum(page);
    const forgot =
      (await page
        .locator('#try')
        .getByText(/^It forgot /)
        .textContent()) ?? '';
    const percent = Number(/\(([+−±]\d+) %\)/.exec(forgot)?.[1].replace('−', '-').replace('±', ''));
    figures.push(['general loss', forgot, '≤ +15 %']);
    const exact = await count(page, 'repeats');
    const reworded = await count(page, 'says');
    figures.push(['rows repeated word for word', `${exact.right} of 24`, '≥ 22']);
    figures.push(['questions in other words', `${reworded.right} of 6`, '≥ 5']);
    expect(exact.right, exact.wrong.join('\n')).toBeGreaterThanOrEqual(22);
    expect(reworded.right, reworded.wrong.join('\n')).toBeGreaterThanOrEqual(5);
    expect(percent).toBeLessThanOrEqual(25);
    await page.close();
  });

  it('continues after its tab was killed, to the same bytes', async () => {
    let page = await openCafe();
    await beginLesson(page);
    const killed = await reachStep(page, 60, 900_000);
    await killTab(context, page);
    page = await context.newPage();
    await page.goto(languageUrl(site.server));
    await loadModel(page);
    const said = await page.getByText(/^Went to step \d+ of 77\.$/).textContent();
    const kept = Number(/step (\d+)/.exec(said ?? '')?.[1]);
    figures.push([`killed at step ${killed}, went on from`, `step ${kept}`, '≥ 40']);
    await button(page, 'Go on').click();
    expect(await lessonOver(page, 900_000)).toMatch(/^Taught in 77 steps, /);
    const isSame = (await adapterChecksum(page)) === undisturbed;
    figures.push(['the same bytes as undisturbed', isSame ? 'yes' : 'no', 'yes']);
    expect(isSame).toBe(true);
    expect(kept).toBeGreaterThanOrEqual(40);
    await page.close();
  });
});
