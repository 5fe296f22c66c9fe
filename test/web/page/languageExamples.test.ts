/** The examples panel of the language page in use, on a page of its own. */
import type { BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasChromium } from '../../browser/chromium.js';
import { EXAMPLES_HARNESS } from './examplesHarness.js';
import { type Harness, openHarness } from './harness.js';
import { accessibilityProblems, button } from './open.js';

const cell = (page: Page, name: 'Prompt' | 'Answer', number: number) =>
  page.getByLabel(`${name} of example ${number}`, { exact: true });
const rowsOf = (page: Page) => page.evaluate<[string, string][]>('rowsNow()');

describe.runIf(hasChromium())('the panel of the examples', () => {
  let harness: Harness;
  const complaints: string[] = [];

  beforeAll(async () => {
    harness = await openHarness(EXAMPLES_HARNESS);
  });
  afterAll(async () => {
    await harness?.close();
  });

  async function opened(query = '', options: BrowserContextOptions = {}): Promise<Page> {
    const page = await (await harness.browser.newContext(options)).newPage();
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(`${harness.url}${query}`);
    await page.locator('.examples').waitFor();
    return page;
  }

  it('is written by keyboard: Enter moves on, to a new row after the last one', async () => {
    const page = await opened('?empty');
    await button(page, 'Add an example').press('Enter');
    await page.waitForFunction("document.activeElement.ariaLabel === 'Prompt of example 1'");
    await page.keyboard.type('Who are you?');
    await page.keyboard.press('Enter');
    await page.waitForFunction("document.activeElement.ariaLabel === 'Answer of example 1'");
    await page.keyboard.type('The keeper.');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('And you?');
    await page.keyboard.press('Enter');
    await page.waitForFunction("document.activeElement.ariaLabel === 'Prompt of example 2'");
    expect(await rowsOf(page)).toEqual([
      ['Who are you?', 'The keeper.\nAnd you?'],
      ['', ''],
    ]);
    // A blank row is not followed by another one.
    await cell(page, 'Answer', 2).press('Enter');
    await page.waitForFunction("document.activeElement.ariaLabel === 'Prompt of example 2'");
    expect(await rowsOf(page)).toHaveLength(2);
    await page.getByText('1 example, 16 tokens, 5 of them trained').waitFor();
    await page.getByText('Few examples: it will copy them word by word.').waitFor();
    await page.context().close();
  });

  it('marks rows in words, counts the rest, and shows what the model sees', async () => {
    const page = await opened();
    await page.getByText('8 examples, 281 tokens, 183 of them trained').waitFor();
    const marks = await page
      .locator('.examples-row')
      .evaluateAll((rows) =>
        rows.map((row) => [
          (row.className.match(/ (\w+)$/) ?? [])[1] ?? '',
          row.querySelector('.examples-mark')?.textContent ?? '',
        ]),
      );
    expect(marks.slice(3, 7)).toEqual([
      ['plain', 'Same as example 1'],
      ['out', 'No answer: left out'],
      ['cut', 'Cut at 256 tokens'],
      ['plain', 'No prompt: all of it is trained as text'],
    ]);
    await page.getByText('What the model sees').click();
    await page.locator('.examples-text').waitFor();
    await button(page, 'Next example').click();
    await page.locator('.examples-text', { hasText: 'Marta' }).waitFor();
    expect(await page.locator('.examples-text .examples-trained').allTextContents()).toEqual([
      'Trained: Marta does, before dawn.<|im_end|>',
    ]);
    expect(await page.locator('.examples-chip').allTextContents()).toEqual([
      '<|im_start|>',
      '<|im_end|>',
      '<|im_start|>',
      '<|im_end|>',
    ]);
    await cell(page, 'Prompt', 3).fill('fail');
    await page.getByText('This example is too long.').waitFor();
    await page.context().close();
  });

  it('deletes with an undo, and asks for the same in other words', async () => {
    const page = await opened();
    const before = await rowsOf(page);
    await button(page, 'Delete example 2').click();
    await page.waitForFunction("document.activeElement.ariaLabel === 'Delete example 2'");
    await cell(page, 'Answer', 1).fill('At seven.');
    await page.getByText('Example 2 was deleted.').waitFor();
    await button(page, 'Undo').click();
    await page.waitForFunction("document.activeElement.ariaLabel === 'Prompt of example 2'");
    expect(await rowsOf(page)).toEqual([[before[0][0], 'At seven.'], ...before.slice(1)]);
    await button(page, 'Say example 2 another way').click();
    await page.waitForFunction("document.activeElement.ariaLabel === 'Prompt of example 3'");
    await page.keyboard.type('Whose bread is it?');
    expect((await rowsOf(page))[2]).toEqual(['Whose bread is it?', before[1][1]]);
    await page.context().close();
  });

  it('opens the import for a paste of many lines, or keeps them in the cell', async () => {
    const context: BrowserContextOptions = { permissions: ['clipboard-read', 'clipboard-write'] };
    const page = await opened('?empty', context);
    const copy = (text: string) => page.evaluate(`navigator.clipboard.writeText(${JSON.stringify(text)})`);
    await button(page, 'Add an example').click();
    await copy('a\tb\nc\td');
    await cell(page, 'Prompt', 1).press('Control+v');
    await page.getByText('2 examples · Table of two columns').waitFor();
    await button(page, 'Paste it into the cell instead').click();
    await page.waitForFunction("rowsNow()[0][0] === 'a\\tb\\nc\\td'");
    await copy('one line');
    await cell(page, 'Answer', 1).press('Control+v');
    expect(await rowsOf(page)).toEqual([['a\tb\nc\td', 'one line']]);
    await copy('Q: e\nA: f\nQ: g\nA: h');
    await button(page, 'Paste a list').click();
    await button(page, 'Replace the 1 example in the table').click();
    expect(await rowsOf(page)).toEqual([
      ['e', 'f'],
      ['g', 'h'],
    ]);
    await button(page, 'Undo').click();
    expect(await rowsOf(page)).toEqual([['a\tb\nc\td', 'one line']]);
    await page.context().close();
  });

  it('shows what a file has, bad lines by number, before it takes it; its reader is not loaded before', async () => {
    const page = await opened();
    const scripts: string[] = [];
    page.context().on('request', (request) => scripts.push(request.url()));
    expect(
      await page.evaluate('performance.getEntriesByType("resource").map((each) => each.name).join()'),
    ).not.toContain('importWorker');
    await page
      .locator('.examples-sources input')
      .setInputFiles(new URL('../language/imports/messages.jsonl', import.meta.url).pathname);
    await page.getByText('Line 3: no answer.').waitFor();
    expect(scripts.join()).toContain('importWorker');
    expect(await page.locator('.examples-first li').allTextContents()).toEqual([
      'When do you open?: At six, when the lamp goes out.',
      'Who bakes the bread?: Marta does, "before dawn".',
    ]);
    expect((await rowsOf(page)).length).toBe(9);
    await button(page, 'Skip 1 bad line, add 2 examples').click();
    expect((await rowsOf(page)).slice(9)).toEqual([
      ['When do you open?', 'At six, when the lamp goes out.'],
      ['Who bakes the bread?', 'Marta does, "before dawn".'],
    ]);
    expect(await page.locator('dialog').count()).toBe(0);
    await page.context().close();
  });

  it('takes a file that is dropped, with its system prompt', async () => {
    const page = await opened('?empty');
    const file = JSON.stringify({
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'a' },
        { role: 'assistant', content: 'b' },
      ],
    });
    await page.evaluate(`(() => {
      const data = new DataTransfer();
      data.items.add(new File([${JSON.stringify(file)}], 'x.jsonl'));
      document.querySelector('.examples').dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
    })()`);
    await page.getByLabel('Use their system prompt for all: “Be brief.”').waitFor();
    await button(page, 'Add 1 example').click();
    expect([await rowsOf(page), await page.evaluate('systemNow()')]).toEqual([[['a', 'b']], 'Be brief.']);
    await button(page, 'Undo').click();
    expect([await rowsOf(page), await page.evaluate('systemNow()')]).toEqual([[], undefined]);
    await page.context().close();
  });

  it('has a box if the clipboard is refused, and says why a text is not a list', async () => {
    const page = await opened();
    await button(page, 'Paste a list').click();
    await page.getByText('This browser does not let the page read the clipboard').waitFor();
    await page.waitForFunction("document.activeElement.matches('.examples-box textarea')");
    await page.keyboard.type('{"title": 1}');
    await page.locator('.examples-trouble').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'detached' });
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Paste a list');
    await page.context().close();
  });

  it('says so where the reader of files does not arrive, and reads when it does', async () => {
    const page = await opened('?empty');
    await page.context().route('**/importWorker*', (route) => route.abort());
    await button(page, 'Paste a list').click();
    await page.getByLabel('Paste here').fill('a\tb');
    await page.getByText('The part of this page that reads files is not responding: try again.').waitFor();
    await page.context().unroute('**/importWorker*');
    await page.getByLabel('Paste here').fill('a\tc');
    await button(page, 'Add 1 example').click();
    expect(await rowsOf(page)).toEqual([['a', 'c']]);
    await page.context().close();
  });

  it('draws one row for a letter among 500, within 100 ms, and takes no more than those', async () => {
    const page = await opened('?many=500');
    await page.getByText('500 examples,').waitFor();
    const times: number[] = [];
    for (const letter of 'The lamp') {
      await cell(page, 'Answer', 250).focus();
      await page.waitForTimeout(120);
      await page.evaluate('drawn.clear()');
      await page.evaluate(`void (waited = new Promise((resolve) => addEventListener('input', () => {
        const from = performance.now();
        requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - from)));
      }, { once: true, capture: true })))`);
      await page.keyboard.type(letter);
      times.push(await page.evaluate<number>('waited'));
      expect(await page.evaluate('[...drawn]')).toEqual(['r249']);
    }
    times.sort((a, b) => a - b);
    console.log(`a letter among 500 rows: ${times.map((time) => time.toFixed(0)).join(', ')} ms`);
    expect(times[times.length >> 1]).toBeLessThan(100);
    expect(await button(page, 'Add an example').getAttribute('aria-disabled')).toBe('true');
    await page.getByText('The table is full: it holds 500 examples.').waitFor();
    await button(page, 'Paste a list').click();
    await page.getByLabel('Paste here').fill('a\tb');
    await page
      .getByText('The table holds 500 and already has 500: the last 1 of these are left out.')
      .waitFor();
    expect(await button(page, /^Add 0/).count()).toBe(0);
    await page.context().close();
  });

  it.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 390],
    ['dark', 320],
  ] as const)('is accessible: %s, %i px', async (colorScheme, width) => {
    const page = await opened('', { colorScheme, viewport: { width, height: 844 } });
    const isFine = async () => {
      expect(await accessibilityProblems(page)).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
      const targets = 'button, textarea, summary, label:has(input), dialog button';
      const small = await page
        .locator(targets)
        .evaluateAll((all) =>
          all
            .map((each) => each.getBoundingClientRect())
            .filter(({ width: w, height }) => w > 0 && Math.min(w, height) < 43.9),
        );
      expect(small).toEqual([]);
    };
    await page.getByText('System prompt: none').click();
    await page.getByText('What the model sees').click();
    await page.locator('.examples-text').waitFor();
    await isFine();
    await button(page, 'Paste a list').click();
    await page.getByLabel('Paste here').fill('"a","b"\n"c",""\n"d",""');
    await button(page, 'Show').click();
    await isFine();
    await page.context().close();
  });

  it('had no error that nobody caught', () => {
    expect(complaints).toEqual([]);
  });
});
