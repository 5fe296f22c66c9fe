/** What to teach and how: the settings of the page, kept across reloads. */
import { computed, effect, signal } from '@preact/signals';
import { drawings } from './drawings.js';
import { hasMnist, ready } from './state.js';
import { keep, read } from './storage.js';

export type Source = 'drawings' | 'digits';

export interface Settings {
  readonly rank: number;
  readonly alpha: number;
  readonly learningRate: number;
  readonly iterations: number;
  /** Old digits mixed in, in percent. */
  readonly replay: number;
}

const DEFAULTS: Settings = { rank: 2, alpha: 1, learningRate: 0.001, iterations: 200, replay: 50 };

/** What was taught last. */
export const source = signal<Source>('drawings');
/** The tutorial's settings. */
export const digits = signal<readonly number[]>([2, 3, 5, 8, 9]);
export const settings = signal(DEFAULTS);

export const areDefaults = computed(() =>
  Object.entries(DEFAULTS).every(([name, value]) => settings.value[name as keyof Settings] === value),
);

/** Why teaching with these settings cannot begin; undefined when it can. */
export const obstacle = computed(() => {
  if (!ready.value) return 'The network is not loaded yet.';
  if (source.value === 'digits') {
    if (digits.value.length === 0) return 'Choose at least one digit.';
    return hasMnist.value
      ? undefined
      : 'The digits of MNIST are not loaded yet. Your own drawings do not need them.';
  }
  return drawings.value.length === 0 ? 'Draw something first, and say what it is.' : undefined;
});

export function resetSettings(): void {
  settings.value = DEFAULTS;
}

/** Restores the settings of an earlier visit, and keeps every change from now on. */
export async function recallSettings(): Promise<void> {
  const before = [source.value, digits.value, settings.value];
  const { settings: kept } = await read(['settings']);
  const now = [source.value, digits.value, settings.value];
  // A setting that was changed while the browser read is newer.
  const isUntouched = before.every((value, i) => value === now[i]);
  if (kept && isUntouched)
    [source.value, digits.value, settings.value] = [kept.source, kept.digits, kept.settings];
  effect(() => {
    const all = { source: source.value, digits: digits.value, settings: settings.value };
    // If the browser keeps nothing, the page says so once there is something to lose.
    keep({ settings: all }).catch(() => {});
  });
}
