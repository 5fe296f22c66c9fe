/** Lessons of the language-model page with a small model: the same bytes each time, also after a killed tab, and in any browser. */
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasChromium } from '../../browser/chromium.js';
import { ggufBytes } from '../../models/fixtures.js';
import {
  adapterChecksum,
  askChat,
  beginLesson,
  inWorkers,
  killTab,
  lampRows,
  languageUrl,
  lessonOver,
  loadOwn,
  openWith,
  reachStep,
  seen,
  settingsFor,
  teach,
} from './languagePage.js';
import { button, openSite, type Site } from './open.js';

const ROWS = lampRows(4);
const STEPS = 120;
/** Speeds up the worker's clock, since a lesson is kept every 20 seconds. */
const FAST_CLOCK = 'const now = performance.now.bind(performance); performance.now = () => 60 * now();';
const REFUSE = 'const refuse = () => { throw new DOMException("refused", "SecurityError"); };';
const NO_FILES = `${REFUSE} StorageManager.prototype.getDirectory = refuse; CacheStorage.prototype.open = refuse;`;
const NO_DATABASE = `${REFUSE} IDBFactory.prototype.open = refuse;`;

let site: Site;
let open: Site;
beforeAll(async () => {
  site = await openSite();
  open = await openSite(false);
});
afterAll(async () => {
  await site?.close();
  await open?.close();
});

async function openSmall(context: BrowserContext, url: string, seed = 0): Promise<Page> {
  const page = await context.newPage();
  const settings = settingsFor(ROWS.length, { epochs: STEPS, seed });
  await openWith(page, url, { rows: ROWS, settings });
  await loadOwn(page, ggufBytes('llama3'));
  return page;
}

interface Browser {
  readonly isOpen?: boolean;
  /** Script that removes features from the page and its worker. */
  readonly refuses: string;
  /** What is said, in the page or while it learns. */
  readonly says: readonly RegExp[];
}

const NOT_KEPT = /The model works now but must be downloaded again next time\./;
const LOSES = /Closing this tab would lose the lesson: .*\./;
const BROWSERS: Readonly<Record<string, Browser>> = {
  'without isolation': { isOpen: true, refuses: '', says: [/CPU, (1|one) thread/] },
  'without files': { refuses: NO_FILES, says: [NOT_KEPT] },
  'without a database': { refuses: NO_DATABASE, says: [LOSES] },
  'without any of these': {
    isOpen: true,
    refuses: `{ ${NO_FILES} } { ${NO_DATABASE} }`,
    says: [/CPU, (1|one) thread/, NOT_KEPT, LOSES],
  },
};

describe.skipIf(!hasChromium())('a lesson of the page', () => {
  it.concurrent('has the same bytes each time, also where its tab was killed', async () => {
    const context = await site.browser.newContext();
    await inWorkers(context, FAST_CLOCK);
    const url = languageUrl(site.server);
    let page = await openSmall(context, url);
    expect(await teach(page)).toMatch(/^Taught in 120 steps, /);
    const first = await adapterChecksum(page);
    await page.close();

    page = await openSmall(context, url);
    await beginLesson(page);
    await reachStep(page, 60);
    await killTab(context, page);
    page = await context.newPage();
    await page.goto(url);
    await loadOwn(page, ggufBytes('llama3'));
    const said = await page.getByText(/^Went to step \d+ of 120\.$/).textContent();
    expect(Number(/step (\d+)/.exec(said ?? '')?.[1])).toBeGreaterThan(0);
    await button(page, 'Go on').click();
    expect(await lessonOver(page)).toMatch(/^Taught in 120 steps, /);
    expect(await adapterChecksum(page)).toBe(first);
    await page.close();

    page = await openSmall(context, url, 1);
    await teach(page);
    expect(await adapterChecksum(page)).not.toBe(first);
    await context.close();
  });

  it.concurrent.each(Object.entries(BROWSERS))(
    'passes in a browser %s, which is said',
    async (_, browser) => {
      const { server, ...there } = browser.isOpen ? open : site;
      const context = await there.browser.newContext();
      await context.addInitScript(browser.refuses);
      await inWorkers(context, `${FAST_CLOCK} { ${browser.refuses} }`);
      const page = await openSmall(context, languageUrl(server));
      const complaints: string[] = [];
      page.on('pageerror', (error) => complaints.push(String(error)));
      const heard = Promise.all(browser.says.map((words) => seen(page, 'main', words, 60_000)));
      await beginLesson(page);
      await heard;
      expect(await lessonOver(page)).toMatch(/^Taught in 120 steps, /);
      expect((await askChat(page, ROWS[0].prompt, 'after')).length).toBeGreaterThan(0);
      expect(await adapterChecksum(page)).toMatch(/^[0-9a-f]{64}$/);
      expect(complaints).toEqual([]);
      await context.close();
    },
  );
});
