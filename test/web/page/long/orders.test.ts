/** Orders to JSON at the page's own settings: new orders must come out as JSON that a till can read. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isRightOrder, passes } from '../../../../web/language/presets/checks.js';
import { ORDERS } from '../../../../web/language/presets/orders.js';
import { askChat, hasLanguageModel, languageUrl, loadModel, teach } from '../languagePage.js';
import { button, openSite, type Site, visit } from '../open.js';
import { type Figure, printFigures } from './figures.js';

let site: Site;
const figures: Figure[] = [];
beforeAll(async () => {
  site = await openSite();
});
afterAll(async () => {
  printFigures('Order → JSON', figures);
  await site.close();
});

describe.skipIf(!hasLanguageModel())('orders', () => {
  it('come out as JSON after a lesson, and do not before', async () => {
    const { page } = await visit(site);
    await page.goto(languageUrl(site.server));
    await button(page, /^Order → JSON/).click();
    await loadModel(page);
    const answers = async (side: 'before' | 'after') => {
      const said: string[] = [];
      for (const { prompt } of ORDERS.checks) said.push(await askChat(page, prompt, side));
      return said;
    };
    const valid = (said: readonly string[]) =>
      said.filter((answer, i) => passes(ORDERS.checks[i], answer)).length;
    // A rambling base is cut off: an order has at most 56 tokens.
    await page.getByLabel('Longest answer').selectOption('128');
    const before = valid(await answers('before'));
    const begun = performance.now();
    figures.push(['the page says', (await teach(page, 900_000)).split('. ')[0], '']);
    figures.push([
      'from the click to the outcome',
      `${((performance.now() - begun) / 1000).toFixed(0)} s`,
      '',
    ]);
    figures.push(['general loss', (await page.getByText(/^It forgot /).textContent()) ?? '', '']);
    const said = await answers('after');
    const right = said.filter((answer, i) => {
      const check = ORDERS.checks[i];
      return check.kind === 'order' && isRightOrder(check.order, answer);
    }).length;
    figures.push(['valid JSON before', `${before} of 10`, '≤ 2']);
    figures.push(['valid JSON after', `${valid(said)} of 10`, '≥ 9']);
    figures.push(['the very order', `${right} of 10`, '']);
    expect(before).toBeLessThanOrEqual(2);
    expect(valid(said), said.join('\n')).toBeGreaterThanOrEqual(9);
    await page.context().close();
  });
});
