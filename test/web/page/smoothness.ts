/** How smoothly a page runs while its worker is busy. */
import type { Page } from 'playwright-core';

export interface Smoothness {
  /** Most milliseconds between two frames. */
  readonly worstFrame: number;
  /** Most milliseconds from a key press to its effect on the screen. */
  readonly worstKey: number;
}

/** Watches frames and keys while a function runs. */
export async function smoothnessOf(page: Page, act: () => Promise<void>): Promise<Smoothness> {
  await page.evaluate(() => {
    const watch = { frame: 0, key: 0, isOver: false };
    Object.assign(globalThis, { watch });
    // Keys that take effect within 16 ms are not reported.
    new PerformanceObserver((list) => {
      for (const { name, duration } of list.getEntries())
        if (/^(key|input)/.test(name)) watch.key = Math.max(watch.key, duration);
    }).observe({ type: 'event', durationThreshold: 16 } as PerformanceObserverInit);
    let last = performance.now();
    requestAnimationFrame(function frame(now) {
      watch.frame = Math.max(watch.frame, now - last);
      last = now;
      if (!watch.isOver) requestAnimationFrame(frame);
    });
  });
  await act();
  return page.evaluate(() => {
    const { watch } = globalThis as unknown as {
      watch: { frame: number; key: number; isOver: boolean };
    };
    watch.isOver = true;
    return { worstFrame: watch.frame, worstKey: watch.key };
  });
}

/** Milliseconds from a click, which is made in the page, until one of its elements has a text. */
export function clickUntil(page: Page, button: string, selector: string, text: RegExp): Promise<number> {
  return page.evaluate(
    ({ button, selector, source }) =>
      new Promise<number>((resolve, reject) => {
        const found = document.querySelector<HTMLButtonElement>(button);
        if (!found) {
          reject(new Error(`there is no ${button}`));
          return;
        }
        const pattern = new RegExp(source);
        const begun = performance.now();
        found.click();
        const timer = setInterval(() => {
          const said = document.querySelector(selector)?.textContent ?? '';
          const ms = performance.now() - begun;
          if (!pattern.test(said) && ms < 60_000) return;
          clearInterval(timer);
          resolve(ms);
        }, 5);
      }),
    { button, selector, source: text.source },
  );
}
