/** What the page reads on its pad. */
import type { Page } from 'playwright-core';

export async function reads(page: Page, digit: number, timeout = 15_000): Promise<void> {
  const words = page.getByText(`The base reads ${digit}`);
  const figure = page.locator('.answer .figure', { hasText: String(digit) });
  await words.or(figure).first().waitFor({ timeout });
}
