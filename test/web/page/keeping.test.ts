/** What a visitor has made is kept: over reloads, between tabs, beside a training, and where the browser keeps nothing. */
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  accessibilityProblems,
  button,
  countsOf,
  draw,
  labWorker,
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

async function keepAs(page: Page, label: number, strokes: typeof ONE): Promise<void> {
  await draw(page, ...strokes);
  await page.getByText(/(base|it) reads \d/).waitFor();
  await button(page, `Keep as ${label}`).click();
}

/** Labels of the kept drawings, in their order. */
const labelsOf = (page: Page) => page.locator('.drawings li span').allTextContents();

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

/** Of `test`'s changes to the page's own database, before the page reads it. */
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

describe('the natural path', () => {
  it('teaches the drawing that was just kept, without MNIST', async () => {
    const context = await site.browser.newContext();
    const page = await context.newPage();
    await context.route('**/*.bin', () => {});
    await page.goto(site.server.url);
    await keepAs(page, 7, ONE);
    expect(await page.getByLabel('My drawings (1)').isChecked()).toBe(true);
    await page.getByRole('slider').fill('50');
    await page.getByText('Old examples come from MNIST, which is not loaded yet.').waitFor();
    expect(await button(page, 'Teach').getAttribute('aria-disabled')).toBe('true');
    await page.getByRole('slider').fill('0');
    await teach(page);
    await draw(page, ...ONE);
    await page.getByText('With your adapter it reads 7').waitFor();
    await page.getByRole('switch').click();
    await page.getByText('The base reads 1').waitFor();
    await page.getByLabel('Digits of MNIST').check();
    await page.getByText('The digits of MNIST are not loaded yet.').waitFor();
    await context.close();
  });

  it('answers while it learns, and while a network is trained', async () => {
    const { page } = await visit(site);
    await settled(page);
    await draw(page, ...SEVEN);
    await page.getByText('The base reads 7').waitFor();
    await page.getByRole('spinbutton', { name: 'Iterations' }).fill('20000');
    await button(page, 'Teach').click();
    await page.getByText(/^While it learns, it reads/).waitFor();
    const seen = new Set<string>();
    for (let i = 0; i < 50 && seen.size < 5; i++) {
      seen.add((await page.locator('.bar.adapted .number').allTextContents()).join());
      await page.waitForTimeout(100);
    }
    expect(seen.size).toBe(5);
    await page.locator('.stop').waitFor();
    await button(page, 'Clear').click();
    await draw(page, ...ONE);
    const readByBase = async () => {
      const shares = await page.locator('.bar.base .number').allTextContents();
      return shares.findIndex((share) => Number.parseFloat(share) > 50);
    };
    await expect.poll(readByBase).toBe(1);
    await page.locator('.stop').click();
    await settled(page);
    await page.getByLabel('Passes over MNIST').selectOption('5');
    await button(page, 'Train from scratch').click();
    await page.getByText(/^[1-9][\d,]* of 30,000 iterations/).waitFor();
    await button(page, 'Clear').click();
    await draw(page, ...SEVEN);
    await page.getByRole('columnheader', { name: 'new' }).waitFor();
    await page.getByText('With your adapter it reads').waitFor();
    await page.locator('.stop').click();
    await page.getByText('The new network, stopped early').waitFor();
    await page.context().close();
  });
});

describe('what a training replaces', () => {
  it('a new network replaces nothing until it is accepted, which can be undone', async () => {
    const { page } = await visit(site);
    await settled(page);
    await teach(page);
    const before = [await countsOf(page, 'base'), await countsOf(page, 'adapted')];
    const now = async () => [await countsOf(page, 'base'), await countsOf(page, 'adapted')];
    await button(page, 'Train from scratch').click();
    await page.getByText(/^The new network reads/).waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    expect(await now()).toEqual(before);
    await page.reload();
    await settled(page);
    expect(await now()).toEqual(before);
    await button(page, 'Train from scratch').click();
    await page.locator('.stop').click();
    await page.getByText(/^The new network, stopped early, reads/).waitFor();
    await button(page, 'Keep the one I have').click();
    await page.getByText(/^The new network/).waitFor({ state: 'detached' });
    expect(await now()).toEqual(before);
    await button(page, 'Train from scratch').click();
    await page.getByText(/^The new network reads/).waitFor();
    await button(page, 'Use the new network').click();
    await page.getByText('The adapter was removed: it belongs to the old network.').waitFor();
    await settled(page);
    const [trained] = await now();
    expect(trained).not.toEqual(before[0]);
    await button(page, 'Undo').click();
    await page.getByText('trained on 60,000').waitFor();
    await settled(page);
    expect(await now()).toEqual(before);
    await page.reload();
    await settled(page);
    expect(await now()).toEqual(before);
    await page.context().close();
  }, 60_000);

  it('gives back what was removed, replaced or stopped too early', async () => {
    const { page } = await visit(site);
    await settled(page);
    await teach(page);
    const taught = await countsOf(page, 'adapted');
    const isBack = async (name: string) => {
      await button(page, name).click();
      await page.getByText('in 200 iterations').waitFor();
      await settled(page);
      expect(await countsOf(page, 'adapted')).toEqual(taught);
    };
    await button(page, 'Remove it').click();
    await page.getByText('The adapter was removed.').waitFor();
    await isBack('Undo');
    await page.getByRole('spinbutton', { name: 'Iterations' }).fill('20000');
    await button(page, 'Teach').click();
    await page.getByText(/^[1-9][\d,]* of 20,000 iterations/).waitFor();
    await page.locator('.stop').click();
    await isBack('Put the previous adapter back');
    await keepAs(page, 7, ONE);
    await keepAs(page, 1, ONE);
    await button(page, 'Delete 2 drawings').click();
    await page.getByText('No drawings are kept yet.').waitFor();
    await button(page, 'Undo').click();
    await page.getByLabel('My drawings (2)').waitFor();
    expect(await labelsOf(page)).toEqual(['7', '1']);
    await page.context().close();
  });

  it('says that a training diverged, keeps what there was, and offers the defaults', async () => {
    const { page } = await visit(site);
    await settled(page);
    await teach(page);
    const before = await countsOf(page, 'adapted');
    await page.getByRole('spinbutton', { name: 'Learning rate' }).fill('0.1');
    await page.getByRole('spinbutton', { name: 'Alpha' }).fill('128');
    await teach(page);
    await page
      .getByText(/^The training went wrong: .* Nothing has changed\. A learning rate of 0\.1 is too high/)
      .waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.setViewportSize({ width: 360, height: 640 });
    // Charts take their new width a frame later.
    await page.waitForFunction(() => document.documentElement.scrollWidth <= 360);
    expect(await countsOf(page, 'adapted')).toEqual(before);
    await button(page, 'Put the default settings back').click();
    expect(await page.getByRole('spinbutton', { name: 'Learning rate' }).inputValue()).toBe('0.001');
    expect(await page.getByRole('spinbutton', { name: 'Alpha' }).inputValue()).toBe('1');
    await teach(page);
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
    await keepAs(one, 1, ONE);
    await two.getByText('My drawings (1)').waitFor();
    // Neither waits for the other.
    await Promise.all([draw(one, ...SEVEN), draw(two, ...SEVEN)]);
    await Promise.all([button(one, 'Keep as 7').click(), button(two, 'Keep as 2').click()]);
    for (const tab of [one, two]) await tab.getByText('My drawings (3)').waitFor();
    expect((await labelsOf(one)).sort()).toEqual(['1', '2', '7']);
    await button(two, 'Delete drawing 1, a 1').click();
    for (const tab of [one, two]) await tab.getByText('My drawings (2)').waitFor();
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
    await button(one, 'Train from scratch').click();
    await button(one, 'Use the new network').click();
    await one.getByText('trained here').waitFor();
    await teach(two);
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
      await keepAs(page, 7, ONE);
      await keepAs(page, 7, ONE);
      const note = page.getByText(
        /^This browser does not keep your work when the page is reloaded or closed: /,
      );
      await note.waitFor();
      await page.getByLabel('My drawings (2)').waitFor();
      await teach(page);
      await draw(page, ...ONE);
      await page.getByText('With your adapter it reads 7').waitFor();
      expect(await note.count()).toBe(1);
      await button(page, 'Delete 2 drawings').click();
      await page.getByText('No drawings are kept yet.').waitFor();
      await button(page, 'Remove it').click();
      await page.getByText('There is no adapter yet.').waitFor();
      expect(complaints).toEqual([]);
      await page.context().close();
    },
    60_000,
  );

  it('has no space left: says so, and goes on with what is on the screen', async () => {
    const full = `
      const put = IDBObjectStore.prototype.put;
      IDBObjectStore.prototype.put = function (...given) {
        if (globalThis.isFull) throw new DOMException('full', 'QuotaExceededError');
        return put.apply(this, given);
      };`;
    const { page, complaints } = await visitAfter(full);
    await settled(page);
    await keepAs(page, 1, ONE);
    await page.evaluate('isFull = true');
    await keepAs(page, 7, SEVEN);
    await page.getByText('it has no space left for this page.').waitFor();
    expect(await labelsOf(page)).toEqual(['1', '7']);
    // That something smaller is kept does not mean that this was.
    await page.evaluate('isFull = false');
    await teach(page);
    await page.getByText('it has no space left for this page.').waitFor();
    await keepAs(page, 4, SEVEN);
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
  /** Requests to IndexedDB answer when the page is told to go on. */
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
    await keepAs(first, 7, ONE);
    await teach(first);
    const taught = await countsOf(first, 'adapted');
    const { page, complaints } = await visitAfter(SLOW, first.context());
    await settled(page);
    await page.getByText('There is no adapter yet.').waitFor();
    await keepAs(page, 1, ONE);
    await page.getByText(/^This browser does not keep your work .*did not answer/).waitFor();
    await page.evaluate('goOn()');
    await page.getByText('An adapter of rank 2').waitFor();
    await settled(page);
    expect(await countsOf(page, 'adapted')).toEqual(taught);
    await page.getByText('My drawings (2)').waitFor();
    await page.getByText(/^This browser does not keep/).waitFor({ state: 'detached' });
    await keepAs(page, 4, SEVEN);
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
    await page.getByLabel(`My drawings (${labels.length})`).check();
    expect(await labelsOf(page)).toEqual(labels);
    await keepAs(page, 7, ONE);
    await teach(page);
    await page.reload();
    await settled(page);
    expect(await labelsOf(page)).toEqual([...labels, '7']);
    await page.getByText('An adapter of rank 2').waitFor();
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
    await page.getByText('The base reads 7').waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});

describe('the worker', () => {
  it('is started again when it crashes, also in mid-training, and nothing is lost', async () => {
    const { page } = await visit(site);
    await settled(page);
    await teach(page);
    const before = await countsOf(page, 'adapted');
    for (const isTraining of [false, true]) {
      if (isTraining) {
        await page.getByRole('spinbutton', { name: 'Iterations' }).fill('20000');
        await button(page, 'Teach').click();
        await page.getByText(/^[1-9][\d,]* of 20,000 iterations/).waitFor();
      }
      const crash = () => {
        setTimeout(() => {
          throw new Error('out of memory');
        }, 100);
      };
      await labWorker(page).evaluate(crash);
      // The sentence of the first crash may still be there at the second.
      await page.getByText(/of 20,000 iterations/).waitFor({ state: 'hidden' });
      await page.getByText(/has stopped: .*out of memory: it was started again/).waitFor();
      await settled(page);
      await expect.poll(() => countsOf(page, 'adapted'), { timeout: 20_000 }).toEqual(before);
      await draw(page, ...SEVEN);
      await page.getByText('With your adapter it reads').waitFor();
      await button(page, 'Clear').click();
    }
    await page.context().close();
  });

  it.each([
    ['its code', '**/assets/worker*.js', /^The network could not be loaded: .*its code could not be loaded/],
    [
      'the network',
      '**/base-small.safetensors',
      /^The network could not be loaded: base-small\.safetensors cannot be fetched/,
    ],
  ])('without %s: says so, keeps the drawings, and tries again', async (_, what, sentence) => {
    const { page: first } = await visit(site);
    await settled(first);
    await keepAs(first, 7, ONE);
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
    await button(page, 'Keep as 2').click();
    await context.unroute(what);
    await button(page, 'Try again').click();
    await settled(page);
    expect(await labelsOf(page)).toEqual(['7', '2']);
    await teach(page);
    await context.close();
  });
});
