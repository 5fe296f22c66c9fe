/** Checks that a page fits on small screens, and that its targets are large enough for fingers. */
import type { Page } from 'playwright-core';

/** The last one is a window of 1280 × 1024 at a zoom of 400 %. */
export const SMALL_SCREENS = [
  { width: 390, height: 844 },
  { width: 360, height: 640 },
  { width: 320, height: 640 },
  { width: 320, height: 256 },
] as const;

/** Least size of a target in CSS pixels, in either direction. */
const LEAST = 44;
/** Selector of targets. Links within a sentence have the height of its lines. */
const TARGETS =
  'button, summary, select, textarea, input:not([type="hidden"]), [role="switch"], [role="slider"], nav a, a.button';

/** Pixels by which the page is wider than its window. */
const sidewaysScroll = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

/** One line for each target that is too small; checkboxes and file inputs count with their labels. */
function smallTargets(page: Page): Promise<string[]> {
  return page.evaluate(
    ({ targets, least }) =>
      [...document.querySelectorAll<HTMLElement>(targets)].flatMap((each) => {
        const kind = each.getAttribute('type') ?? '';
        const isBox = each instanceof HTMLInputElement && ['radio', 'checkbox', 'file'].includes(kind);
        const target = (isBox ? each.closest('label') : undefined) ?? each;
        if (!target.checkVisibility({ visibilityProperty: true })) return [];
        const { width, height } = target.getBoundingClientRect();
        if (width >= least - 0.5 && height >= least - 0.5) return [];
        const name = each.getAttribute('aria-label') ?? target.textContent?.trim().slice(0, 40) ?? '';
        return [`${each.localName} ${kind} "${name}": ${width.toFixed(0)} × ${height.toFixed(0)}`];
      }),
    { targets: TARGETS, least: LEAST },
  );
}

/** Everything that does not fit on each of the small screens, one line each. */
export async function problemsOnSmallScreens(page: Page): Promise<string[]> {
  const found = new Set<string>();
  for (const screen of SMALL_SCREENS) {
    await page.setViewportSize(screen);
    const wider = await sidewaysScroll(page);
    if (wider > 0) found.add(`${screen.width} × ${screen.height}: scrolls sideways by ${wider} px`);
    for (const line of await smallTargets(page)) found.add(`${screen.width} px: ${line}`);
  }
  return [...found];
}
