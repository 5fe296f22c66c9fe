/** A visitor's work is kept across reloads, between tabs, and during training; and a browser that keeps nothing. */
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  accessibilityProblems,
  button,
  countsOf,
  draw,
  fetchMnist,
  labWorker,
  ONE,
  openSite,
  reads,
  SEVEN,
  type Site,
  set,
  settled,
  teachAgain,
  teachAs,
  undoSaid,
  visit,
} from './open.js';

let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site.close());

/** Labels of the kept drawings, in their order. */
const labelsOf = (page: Page) => page.locator('.drawings .shown span').allTextContents();

/** A page whose storage was changed before it opens. */
async function visitAfter(
  script: string,
  context?: BrowserContext,
): Promise<{ page: Page; complaints: string[] }> {
  const page = await (context ?? (await site.browser.newContext())).newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.addInitScript(script);
  await page.goto(site.server.url);
  return { page, complaints };
}

/** A script that changes the page's own database before the page reads it. */
const inStore = (body: string) => `
  new Promise((resolve, reject) => {
    const request = indexedDB.open('lowrank');
    request.onupgradeneeded = () => request.result.createObjectStore('page');
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      const transaction = request.result.transaction('page', 'readwrite');
      const store = transaction.objectStore('page');
      ${body}
      transaction.oncomplete = () => { request.result.close(); resolve(); };
    };
  })`;

describe('one tap', () => {
  it('teaches without old digits where they do not come, and says so', async () => {
    const context = await site.browser.newContext();
    const page = await context.newPage();
    await context.route('**/quick-*.bin', (route) => route.abort());
    await page.goto(site.server.url);
    await reads(page, 8, 'before');
    await teachAs(page, 7, ONE);
    await reads(page, 7, 'after');
    await page.getByText(/^It learned without old digits mixed in, .*the connection failed/).waitFor();
    await page.getByRole('radio', { name: 'Before' }).check();
    await reads(page, 1, 'before');
    await context.unroute('**/quick-*.bin');
    await button(page, 'Fetch them').click();
    await settled(page);
    await context.close();
  });

  it('answers while it learns, and while a network is trained', async () => {
    const { page } = await visit(site);
    await settled(page);
    await teachAs(page, 7, SEVEN);
    await set(page, 'Training steps', 20_000);
    await button(page, 'Teach again with these').click();
    await page.getByText('while it learns').waitFor();
    expect(await differentAnswers(page)).toBe(5);
    await draw(page, ...ONE);
    await expect.poll(() => page.locator('.label.best .label-name').textContent()).toContain('1');
    await button(page, 'Stop').first().click();
    await settled(page);
    await fetchMnist(page);
    await page.getByLabel('Passes over').selectOption('5');
    await button(page, 'Train from scratch').click();
    await page.getByText('the new network', { exact: true }).waitFor();
    expect(await differentAnswers(page)).toBe(5);
    await draw(page, ...SEVEN);
    await page.locator('.answer .figure', { hasText: '7' }).waitFor();
    await page.locator('#scratch .stop').click();
    await page.getByText('The new network, stopped early').waitFor();
    await page.context().close();
  }, 60_000);
});

/** Number of different answers seen one after the other, at most five. */
async function differentAnswers(page: Page): Promise<number> {
  const seen = new Set<string>();
  for (let i = 0; i < 80 && seen.size < 5; i++) {
    const heights = page
      .locator('.meter .fill')
      .evaluateAll((fills) => fills.map((each) => each.style.transform));
    seen.add((await heights).join());
    await page.waitForTimeout(60);
  }
  return seen.size;
}

describe('what a training run replaces', () => {
  it('a new network replaces nothing until it is accepted, which can be undone', async () => {
    const { page } = await visit(site);
    await settled(page);
    await teachAs(page, 7, ONE);
    await fetchMnist(page);
    // The sentence about the drawing begins alike.
    const counted = page.locator('#scratch').getByText(/^The new network reads/);
    const now = async () => [await countsOf(page, 'base'), await countsOf(page, 'adapted')];
    const before = await now();
    await button(page, 'Train from scratch').click();
    await counted.waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    expect(await now()).toEqual(before);
    await button(page, 'Train from scratch').click();
    await page.locator('#scratch .stop').click();
    await page.getByText(/^The new network, stopped early, reads/).waitFor();
    await button(page, 'Keep the one I have').click();
    await page.getByText(/^The new network, /).waitFor({ state: 'detached' });
    await undoSaid(page);
    await page.getByText(/^The new network, stopped early, reads/).waitFor();
    expect(await now()).toEqual(before);
    await button(page, 'Train from scratch').click();
    await counted.waitFor();
    await button(page, 'Use the new network').click();
    await page.getByText('The adapter was removed: it belongs to the old network.').waitFor();
    await settled(page);
    const [trained] = await now();
    expect(trained).not.toEqual(before[0]);
    await undoSaid(page);
    await page.getByText('trained on the 60,000').waitFor();
    await settled(page);
    expect(await now()).toEqual(before);
    await page.reload();
    await settled(page);
    await fetchMnist(page);
    expect(await now()).toEqual(before);
    await page.context().close();
  }, 90_000);

  it('gives back what was removed, replaced or stopped too early', async () => {
    const { page } = await visit(site);
    await settled(page);
    await teachAs(page, 7, ONE);
    const taught = await countsOf(page, 'adapted');
    const isBack = async () => {
      await page.getByText(/3,518/).first().waitFor();
      await settled(page);
      await expect.poll(() => countsOf(page, 'adapted')).toEqual(taught);
    };
    await button(page, 'Remove the adapter').click();
    await page.getByText('The adapter was removed.').waitFor();
    await undoSaid(page);
    await isBack();
    await set(page, 'Rank', 5);
    await teachAgain(page);
    await page.getByText('This adapter replaces the previous one.').waitFor();
    await button(page, 'Put the previous adapter back').click();
    await isBack();
    await set(page, 'Training steps', 20_000);
    await button(page, 'Teach again with these').click();
    await page.getByText('while it learns').waitFor();
    await button(page, 'Stop').first().click();
    await page.getByText(/^Stopped after [\d,]+ steps?: this adapter replaces/).waitFor();
    await button(page, 'Put the previous adapter back').click();
    await isBack();
    await button(page, 'Reset the settings').click();
    await undoSaid(page);
    expect(await page.getByRole('spinbutton', { name: 'Training steps' }).inputValue()).toBe('20000');
    await button(page, 'Reset the settings').click();
    await teachAs(page, 1, SEVEN);
    await button(page, 'Delete 2 drawings').click();
    await page.locator('.drawings').waitFor({ state: 'detached' });
    await undoSaid(page);
    await expect.poll(() => labelsOf(page)).toEqual(['7', '1']);
    await page.context().close();
  }, 60_000);

  it('says that a training run diverged, keeps the previous adapter, and offers the defaults', async () => {
    const { page } = await visit(site);
    await settled(page);
    await teachAs(page, 7, ONE);
    const before = await countsOf(page, 'adapted');
    await set(page, 'Learning rate', 0.1);
    await set(page, 'Alpha', 128);
    // It diverges so soon that nobody would see the page at work.
    await button(page, 'Teach again with these').click();
    await page
      .getByText(/^The training went wrong: .* Nothing has changed\. A learning rate of 0\.1 is too high/)
      .waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.setViewportSize({ width: 360, height: 640 });
    // A busy machine lays the page out a moment later.
    await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
    expect(await countsOf(page, 'adapted')).toEqual(before);
    await button(page, 'Put the default settings back').click();
    expect(await page.getByRole('spinbutton', { name: 'Learning rate' }).inputValue()).toBe('0.001');
    expect(await page.getByRole('spinbutton', { name: 'Alpha' }).inputValue()).toBe('1');
    await teachAgain(page);
    expect(await countsOf(page, 'adapted')).toEqual(before);
    await page.context().close();
  });
});

describe('two tabs', () => {
  it("keep each other's drawings", async () => {
    const { page: one } = await visit(site);
    const two = await one.context().newPage();
    await two.goto(site.server.url);
    await settled(one);
    await settled(two);
    await teachAs(one, 1, ONE);
    await expect.poll(() => labelsOf(two)).toEqual(['1']);
    // Neither waits for the other.
    await Promise.all([draw(one, ...SEVEN), draw(two, ...SEVEN)]);
    await Promise.all([button(one, 'This is a 7').click(), button(two, 'This is a 2').click()]);
    for (const tab of [one, two]) {
      await expect.poll(async () => (await labelsOf(tab)).sort()).toEqual(['1', '2', '7']);
      await settled(tab);
    }
    await button(two, 'Delete drawing 1, a 1').click();
    for (const tab of [one, two])
      await expect.poll(async () => (await labelsOf(tab)).sort()).toEqual(['2', '7']);
    for (const tab of [one, two]) await tab.reload();
    for (const tab of [one, two]) {
      await settled(tab);
      expect((await labelsOf(tab)).sort()).toEqual(['2', '7']);
    }
    await one.context().close();
  });

  it('do not mix the network of one with the adapter of the other', async () => {
    const { page: one } = await visit(site);
    const two = await one.context().newPage();
    await two.goto(site.server.url);
    await settled(one);
    await settled(two);
    await fetchMnist(one);
    await button(one, 'Train from scratch').click();
    await button(one, 'Use the new network').click();
    await one.getByText('trained here').waitFor();
    await teachAs(two, 7, ONE);
    const [base, adapted] = [await countsOf(two, 'base'), await countsOf(two, 'adapted')];
    await one.reload();
    await settled(one);
    expect([await countsOf(one, 'base'), await countsOf(one, 'adapted')]).toEqual([base, adapted]);
    await one.context().close();
  });
});

describe('a browser that keeps nothing', () => {
  it.each([
    [
      'throws',
      'IDBFactory.prototype.open = () => { throw new DOMException("no storage here", "SecurityError"); }',
    ],
    ['has no IndexedDB', 'Object.defineProperty(globalThis, "indexedDB", { value: undefined })'],
    [
      'answers with an error',
      `IDBFactory.prototype.open = () => {
        const request = { error: new DOMException("no storage here", "UnknownError") };
        setTimeout(() => request.onerror?.(), 5);
        return request;
      }`,
    ],
    ['never answers', 'IDBFactory.prototype.open = () => ({})'],
    [
      'has neither storage nor channels',
      'delete globalThis.indexedDB; delete globalThis.BroadcastChannel; delete Window.prototype.indexedDB',
    ],
  ])(
    '%s: everything works, and one note says so',
    async (_, script) => {
      const { page, complaints } = await visitAfter(script);
      await settled(page);
      await teachAs(page, 7, ONE);
      await teachAs(page, 7, ONE);
      const note = page.getByText(
        /^This browser does not keep your work when the page is reloaded or closed: /,
      );
      await note.waitFor();
      await draw(page, ...ONE);
      await reads(page, 7, 'after');
      expect(await note.count()).toBe(1);
      await button(page, 'Delete 2 drawings').click();
      await page.locator('.drawings').waitFor({ state: 'detached' });
      await button(page, 'Remove the adapter').click();
      await page.getByText('The adapter was removed.').waitFor();
      expect(complaints).toEqual([]);
      await page.context().close();
    },
    60_000,
  );

  it('has no space left: says so, and continues with what is on the screen', async () => {
    const full = `
      const put = IDBObjectStore.prototype.put;
      IDBObjectStore.prototype.put = function (...given) {
        if (globalThis.isFull) throw new DOMException('full', 'QuotaExceededError');
        return put.apply(this, given);
      };`;
    const { page, complaints } = await visitAfter(full);
    await settled(page);
    await teachAs(page, 1, ONE);
    await page.evaluate('isFull = true');
    await teachAs(page, 7, SEVEN);
    await page.getByText('it has no space left for this page.').waitFor();
    expect(await labelsOf(page)).toEqual(['1', '7']);
    // That something smaller is kept does not mean that this was.
    await page.evaluate('isFull = false');
    await teachAgain(page);
    await page.getByText('it has no space left for this page.').waitFor();
    await teachAs(page, 4, SEVEN);
    await page.getByText('it has no space left for this page.').waitFor({ state: 'detached' });
    await page.reload();
    await settled(page);
    // What could not be kept then was kept with the next.
    expect(await labelsOf(page)).toEqual(['1', '7', '4']);
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});

describe('a browser that is slow to answer', () => {
  /** Makes requests to IndexedDB wait until the test lets them answer. */
  const SLOW = `
    const put = IDBFactory.prototype.open;
    const held = [];
    globalThis.goOn = () => { globalThis.isFast = true; for (const open of held.splice(0)) open(); };
    IDBFactory.prototype.open = function (...given) {
      if (globalThis.isFast) return put.apply(this, given);
      const request = {};
      held.push(() => {
        const real = put.apply(this, given);
        for (const name of ['onsuccess', 'onerror', 'onupgradeneeded'])
          real[name] = () => { request.result = real.result; request.error = real.error; request[name]?.(); };
      });
      return request;
    };`;

  it('shows late what was kept, and loses none of it', async () => {
    const { page: first } = await visit(site);
    await settled(first);
    await teachAs(first, 7, ONE);
    const taught = await countsOf(first, 'adapted');
    const { page, complaints } = await visitAfter(SLOW, first.context());
    await settled(page);
    expect(await countsOf(page, 'adapted')).toEqual([]);
    await page.evaluate('goOn()');
    await expect.poll(() => countsOf(page, 'adapted')).toEqual(taught);
    await teachAs(page, 1, SEVEN);
    expect(await labelsOf(page)).toEqual(['7', '1']);
    await page.getByText(/^This browser does not keep/).waitFor({ state: 'detached' });
    await teachAs(page, 4, SEVEN);
    await page.reload();
    await page.evaluate('goOn()');
    await settled(page);
    expect(await labelsOf(page)).toEqual(['7', '1', '4']);
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});

describe('what another version of the page has kept', () => {
  it.each([
    [
      'nothing that can be read',
      `for (const key of ['drawings', 'adapter', 'base', 'settings']) store.put({ version: 9 }, key);`,
      [],
    ],
    [
      'numbers for everything',
      `for (const key of ['drawings', 'adapter', 'base', 'settings']) store.put(7, key);`,
      [],
    ],
    [
      'one drawing of three',
      `store.put([{ pixels: new Uint8Array(784).fill(9), label: 3 }, { pixels: new Uint8Array(9), label: 3 }, null], 'drawings');
       store.put({ source: 'drawings', digits: [3], settings: { rank: 2 } }, 'settings');`,
      ['3'],
    ],
  ])('%s: the page lives', async (_, body, labels) => {
    const { page, complaints } = await visit(site);
    await settled(page);
    await page.evaluate(inStore(body));
    await page.reload();
    await settled(page);
    await expect.poll(() => labelsOf(page)).toEqual(labels);
    await teachAs(page, 7, ONE);
    await page.reload();
    await settled(page);
    expect(await labelsOf(page)).toEqual([...labels, '7']);
    expect(await countsOf(page, 'adapted')).toHaveLength(10);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it.each([
    ['network', `store.put(new Uint8Array(99), 'base');`],
    [
      'adapter',
      `store.put({ files: new Map([['adapter_config.json', new Uint8Array(3)]]), view: { digits: [], iterations: 0 } }, 'adapter');`,
    ],
  ])('a damaged %s is left out, and said', async (what, body) => {
    const { page, complaints } = await visit(site);
    await settled(page);
    await page.evaluate(inStore(body));
    await page.reload();
    await page.getByText(`The ${what} that this browser has kept cannot be used: `).waitFor();
    await settled(page);
    await page.getByText(`The ${what} that this browser has kept cannot be used: `).waitFor();
    await draw(page, ...SEVEN);
    await reads(page, 7, 'before');
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});

describe('the worker', () => {
  it('is started again when it crashes, also in mid-training, and nothing is lost', async () => {
    const { page } = await visit(site);
    await settled(page);
    await teachAs(page, 7, ONE);
    const before = await countsOf(page, 'adapted');
    for (const isTraining of [false, true]) {
      if (isTraining) {
        await set(page, 'Training steps', 20_000);
        await button(page, 'Teach again with these').click();
        await page.getByText('while it learns').waitFor();
      }
      const crash = () => {
        setTimeout(() => {
          throw new Error('out of memory');
        }, 100);
      };
      await labWorker(page).evaluate(crash);
      // The sentence of the first crash may still be there at the second.
      await page.getByText('while it learns').waitFor({ state: 'hidden' });
      await page.getByText(/has stopped: .*out of memory: it was started again/).waitFor();
      await settled(page);
      await expect.poll(() => countsOf(page, 'adapted'), { timeout: 20_000 }).toEqual(before);
      await draw(page, ...ONE);
      await reads(page, 7, 'after');
      await button(page, 'Clear').click();
    }
    await page.context().close();
  });

  it.each([
    ['its code', '**/assets/worker*.js', /^The network could not be loaded: .*its code could not be loaded/],
    [
      'the network',
      '**/base-small.bin',
      /^The network could not be loaded: base-small\.bin cannot be downloaded/,
    ],
  ])('without %s: says so, keeps the drawings, and tries again', async (_, what, sentence) => {
    const { page: first } = await visit(site);
    await settled(first);
    await teachAs(first, 7, ONE);
    await first.reload();
    await settled(first);
    const context = first.context();
    await context.route(what, (route) => route.abort());
    const page = await context.newPage();
    await page.goto(site.server.url);
    await page.getByText(sentence).waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await draw(page, ...SEVEN);
    await page.getByText('The network is not loaded yet.').first().waitFor();
    await context.unroute(what);
    await button(page, 'Try again').click();
    await settled(page);
    await button(page, 'This is a 2').click();
    await expect.poll(() => labelsOf(page)).toEqual(['7', '2']);
    await settled(page);
    await context.close();
  });
});
