/** A finger on a screen. */
import type { Page } from 'playwright-core';

/**
 * Swipes with a finger through the debugger, since the browser's handling of touches is part of the test.
 * @param by  pixels to the right
 */
export async function swipe(page: Page, selector: string, by: number): Promise<void> {
  const element = page.locator(selector);
  // The page's bar covers what is at the bottom of the window.
  await element.evaluate((each) => each.scrollIntoView({ block: 'center' }));
  const box = await element.boundingBox();
  if (!box) throw new Error('it is not to be seen');
  const session = await page.context().newCDPSession(page);
  // Far enough from the edges of a narrow screen.
  const [x, y] = [by < 0 ? 260 : 110, box.y + box.height / 2];
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', at?: number) =>
    session.send('Input.dispatchTouchEvent', { type, touchPoints: at === undefined ? [] : [{ x: at, y }] });
  await touch('touchStart', x);
  for (let i = 1; i <= 7; i++) await touch('touchMove', x + (by * i) / 7);
  await touch('touchEnd');
}
