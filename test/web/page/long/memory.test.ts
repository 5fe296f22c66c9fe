/** Memory of the tab while rows of 256 tokens are taught, over ten lessons. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasLanguageModel, languageUrl, loadModel, openWith, settingsFor, teach } from '../languagePage.js';
import { openSite, type Site, visit } from '../open.js';
import { type Figure, printFigures } from './figures.js';
import { watchTab } from './memory.js';

const LESSONS = 10;
/**
 * First lesson that counts. Earlier ones allocate memory that later ones use again, and leave garbage that V8 collects only
 * once there is enough of it: over twenty lessons, 424 MB rose to 555 by the sixth, and were 559 after the last.
 */
const SETTLED = 6;
const mb = (value: number) => `${value.toFixed(0)} MB`;

/** Rows of more than 256 tokens each, so that all of them are cut there. */
const ROWS = Array.from({ length: 4 }, (_, i) => ({
  prompt: `What did the keeper write in year ${i}?`,
  answer: Array.from({ length: 90 }, (_, day) => `Day ${day}: the lamp burned.`).join(' '),
}));

let site: Site;
const figures: Figure[] = [];
beforeAll(async () => {
  site = await openSite();
});
afterAll(async () => {
  printFigures('Memory of the tab, rows of 256 tokens', figures);
  await site.close();
});

describe.skipIf(!hasLanguageModel())('the memory of the tab', () => {
  it('stays below its limit, and does not grow from lesson to lesson', async () => {
    const { page } = await visit(site);
    const settings = settingsFor(ROWS.length, { epochs: 1 });
    await openWith(page, languageUrl(site.server), { rows: ROWS, settings });
    const memory = await watchTab(site.browser);
    await loadModel(page);
    figures.push(['while the model was loaded, at most', mb(memory.peak()), '']);
    figures.push(['with the model', mb(memory.now()), '']);
    const [peaks, rests]: number[][] = [[], []];
    for (let lesson = 0; lesson < LESSONS; lesson++) {
      expect(await teach(page)).toMatch(/^Taught in 1 step, /);
      peaks.push(memory.peak());
      rests.push(memory.now());
    }
    memory.end();
    figures.push(['at most in each lesson', peaks.map((peak) => peak.toFixed(0)).join(', '), '≤ 700 MB']);
    figures.push(['after each lesson', rests.map((rest) => rest.toFixed(0)).join(', '), 'flat']);
    const settled = rests[SETTLED - 1];
    expect(rests[LESSONS - 1] - settled).toBeLessThan(0.05 * settled);
    expect(Math.max(...peaks)).toBeLessThanOrEqual(700);
    await page.context().close();
  });
});
