/** The page used only by keyboard. */
import type { Page } from 'playwright-core';

/** More stops than the page has. */
const MOST = 200;

/** Presses Tab until an element with this name has the focus. */
export async function tabTo(page: Page, name: RegExp, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
  const passed: string[] = [];
  for (let i = 0; i < MOST; i++) {
    await page.keyboard.press(key);
    const said = await page.evaluate(() => {
      const at = document.activeElement as (HTMLElement & { labels?: NodeListOf<HTMLElement> }) | null;
      return (at?.getAttribute('aria-label') ?? at?.labels?.[0]?.textContent ?? at?.textContent ?? '').trim();
    });
    if (name.test(said)) return;
    passed.push(said.slice(0, 30));
  }
  throw new Error(`${name} is not reached by ${key}: ${passed.slice(0, 40).join(' | ')}`);
}

/** Puts a text in place of the one in the field that has the focus. */
export async function retype(page: Page, text: string): Promise<void> {
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.type(text);
}
