/** What is to be taught, and how: as set on the page, kept over a reload. */
import { effect, signal } from '@preact/signals';
import { keep, recall } from './storage.js';

export type Source = 'drawings' | 'digits';

export const source = signal<Source>('digits');
/** The tutorial's. */
export const digits = signal<readonly number[]>([2, 3, 5, 8, 9]);
/** `replay` in per cent. */
export const settings = signal({ rank: 2, alpha: 1, learningRate: 0.001, iterations: 200, replay: 0 });

/** Takes what was set before, and keeps every change from now on. */
export async function recallSettings(): Promise<void> {
  const kept = await recall('settings');
  if (kept) [source.value, digits.value, settings.value] = [kept.source, kept.digits, kept.settings];
  effect(() => {
    const now = { source: source.value, digits: digits.value, settings: settings.value };
    // Where the browser keeps nothing, the page says so when there is something to lose.
    keep('settings', now).catch(() => {});
  });
}
