/** Runs a preset's checks on the base and the adapter, on request. */
import { computed, signal } from '@preact/signals';
import { reasonOf, say } from '../work.js';
import { askModel, stopAsking } from './answers.js';
import type { AdapterInfo } from './api.js';
import type { Check } from './presets/checks.js';
import { PRESETS } from './presets/index.js';
import { type Checked, talliesOf } from './presets/tally.js';
import { adapter, preset, system, taughtRows } from './state.js';

/** Longest answer that can pass, in tokens: without a limit the base would talk on. */
const MOST_TOKENS: Readonly<Record<Check['kind'], number>> = { repeats: 40, says: 40, short: 40, order: 96 };

interface Checks {
  /** The adapter that was asked; another one has other answers. */
  readonly of: AdapterInfo;
  readonly preset: string | undefined;
  readonly checked: readonly Checked[];
}

const last = signal<Checks | undefined>(undefined);
/** Answers given so far; undefined while no check runs. */
export const progress = signal<{ readonly done: number; readonly of: number } | undefined>(undefined);
let isStopped = false;

/** The preset's checks, without facts that are no longer among the examples. */
export const checks = computed<readonly Check[]>(() => {
  const all = PRESETS.find(({ id }) => id === preset.value)?.checks ?? [];
  const rows = new Set(taughtRows.value.map(({ prompt, answer }) => JSON.stringify([prompt, answer])));
  return all.filter(
    (each) => each.kind !== 'repeats' || rows.has(JSON.stringify([each.prompt, each.answer])),
  );
});

/** Results of the adapter's checks so far. */
export const tallies = computed(() => {
  const known = last.value;
  if (!known || known.of !== adapter.value || known.preset !== preset.value) return [];
  return talliesOf(known.checked);
});

export async function runChecks(): Promise<void> {
  const of = adapter.value;
  if (progress.value || !of) return;
  const asked = checks.value;
  const about = { of, preset: preset.value };
  isStopped = false;
  progress.value = { done: 0, of: 2 * asked.length };
  last.value = undefined;
  const checked: Checked[] = [];
  try {
    for (const check of asked) {
      const before = await answerOf(check, 0);
      const after = await answerOf(check, 1);
      if (isStopped) return;
      checked.push({ check, before, after });
      last.value = { ...about, checked: [...checked] };
    }
  } catch (error) {
    say('error', reasonOf(error));
  } finally {
    progress.value = undefined;
  }
}

async function answerOf({ prompt, kind }: Check, strength: 0 | 1): Promise<string | undefined> {
  if (isStopped) return undefined;
  const question = {
    messages: [{ role: 'user' as const, content: prompt }],
    ...{ system: system.value, strength, maxTokens: MOST_TOKENS[kind], temperature: 0, seed: 0 },
  };
  const { text, end } = await askModel(question, () => {});
  if (end === 'stopped') isStopped = true;
  else if (progress.value) progress.value = { ...progress.value, done: progress.value.done + 1 };
  // An answer that was cut would continue, whatever it looks like so far.
  return end === 'length' ? `${text} …` : text;
}

export async function stopChecks(): Promise<void> {
  isStopped = true;
  await stopAsking();
}
