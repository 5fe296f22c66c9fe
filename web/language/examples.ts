/** The examples of the page: where they come from, how they are counted, and that they are kept. */
import { batch, effect } from '@preact/signals';
import { reasonOf, say } from '../work.js';
import type { Row } from './api.js';
import { ask } from './client.js';
import { keepDraft, readDraft } from './drafts.js';
import { settingsOf } from './efforts.js';
import { isBlank, newRow } from './examples/rows.js';
import { systemIn } from './examples/systemIn.js';
import { examplesIn, hasExamples, type SharedExamples } from './examplesLink.js';
import { PRESETS } from './presets/index.js';
import {
  askedProbes,
  chosenEffort,
  defaultSystem,
  hasTokenizer,
  isTeaching,
  ownSettings,
  preset,
  probes,
  rows,
  settings,
  suggestedSettings,
  system,
  taughtRows,
  views,
} from './state.js';

/** Typing waits so long before it is counted and kept. */
const PAUSE_MS = 250;

/** Tokens enough for any template. */
const LONG = 1024;

/** Questions that a lesson is asked while it runs. */
const MOST_PROBES = 2;

export function choosePreset(id: string): void {
  const chosen = PRESETS.find((each) => each.id === id);
  const undo = wayBack();
  batch(() => {
    preset.value = id;
    rows.value = (chosen?.rows ?? [{ prompt: '', answer: '' }]).map(newRow);
    system.value = chosen?.system;
    probes.value = chosen?.probes.slice(0, MOST_PROBES) ?? [];
    suggestedSettings.value = chosen && {
      ...settingsOf('quick', chosen.rows.length),
      ...chosen.teach,
      heldOut: 0,
    };
    chosenEffort.value = 'suggested';
    ownSettings.value = undefined;
  });
  if (undo) say('note', 'The examples were replaced', { label: 'Undo', run: undo });
}

/** @returns how to put back what there is now; undefined where nobody would miss it */
function wayBack(): (() => void) | undefined {
  const kept = [rows, system, preset, probes, ownSettings, suggestedSettings, chosenEffort] as const;
  if (rows.value.every(isBlank)) return undefined;
  const undo = kept.map((each) => {
    const { value } = each;
    return () => {
      each.value = value;
    };
  });
  return () =>
    batch(() => {
      for (const back of undo) back();
    });
}

/** Empties the table, and what this browser keeps of it. */
export function deleteExamples(): void {
  const undo = wayBack();
  batch(() => {
    preset.value = undefined;
    rows.value = [];
    system.value = undefined;
    suggestedSettings.value = undefined;
  });
  if (undo) say('note', 'The examples were deleted', { label: 'Undo', run: undo });
}

/** Takes examples that a link or a project file carries. @returns how to undo that, where something was replaced */
export function takeExamples({
  rows: pairs,
  system: said,
  settings: set,
}: SharedExamples): (() => void) | undefined {
  const undo = wayBack();
  batch(() => {
    preset.value = undefined;
    rows.value = pairs.map(newRow);
    system.value = said;
    ownSettings.value = set;
    probes.value = pairs.slice(0, MOST_PROBES).map(({ prompt }) => prompt);
  });
  return undo;
}

/** Shows what there was, or what a link carries, and keeps and counts every change from now on. */
export async function startExamples(): Promise<void> {
  const draft = await readDraft();
  if (draft && rows.value.length === 0) {
    batch(() => {
      [rows.value, system.value, preset.value] = [draft.rows, draft.system, draft.preset];
      probes.value = PRESETS.find(({ id }) => id === draft.preset)?.probes.slice(0, MOST_PROBES) ?? [];
    });
  }
  openExamplesLink();
  addEventListener('hashchange', openExamplesLink);
  effect(keepProbes);
  effect(() => {
    if (hasTokenizer.value) void lookForSystem();
  });
  whenQuiet(
    () => [rows.value, system.value, preset.value] as const,
    ([kept, said, id]) => {
      // Where the browser keeps nothing, the page says so where the model is.
      keepDraft({ rows: kept, system: said, preset: id }).catch(() => {});
    },
  );
  whenQuiet(
    () => [rows.value, system.value, settings.value.maxLength, hasTokenizer.value] as const,
    ([all, said, maxLength, canCount]) => {
      if (canCount) void count(all, said, maxLength);
    },
  );
}

/** Where no set of examples brings a question, the first example is one. */
function keepProbes(): void {
  if (isTeaching.value) {
    askedProbes.value = probes.peek();
    return;
  }
  const [first = '', own = ''] = probes.value;
  const prompts = taughtRows.value.map(({ prompt }) => prompt).filter((prompt) => prompt.trim() !== '');
  const isPreset = PRESETS.some(({ id }) => id === preset.value);
  if ((isPreset && first !== '') || prompts.includes(first)) return;
  const next = prompts[0] ?? '';
  if (next !== first) probes.value = [next, own];
}

/** What the template says by itself is told by an example that has no system prompt. */
async function lookForSystem(): Promise<void> {
  try {
    const row = newRow({ prompt: 'Hello', answer: 'Hello' });
    defaultSystem.value = systemIn(await ask((lab) => lab.see(row, undefined, LONG)));
  } catch {
    // It is shown with each example all the same.
  }
}

function openExamplesLink(): void {
  if (!hasExamples(location.hash)) return;
  try {
    const shared = examplesIn(location.hash);
    const undo = shared && takeExamples(shared);
    const action = undo && { label: 'Undo', run: undo };
    say('note', 'These are the examples from the link: download the model, then press Teach', action);
  } catch (error) {
    say('error', reasonOf(error));
  } finally {
    history.replaceState(null, '', location.pathname + location.search);
  }
}

async function count(all: readonly Row[], said: string | undefined, maxLength: number): Promise<void> {
  try {
    const counted = await ask((lab) => lab.describe(all, said, maxLength));
    if (rows.value === all) views.value = new Map(counted.map((view) => [view.id, view]));
  } catch (error) {
    say('error', `The tokens could not be counted: ${reasonOf(error)}`);
  }
}

/** Runs something with values that have not changed for a while. */
function whenQuiet<T>(values: () => T, run: (values: T) => void): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    const now = values();
    clearTimeout(timer);
    timer = setTimeout(() => run(now), PAUSE_MS);
  });
}
