/** The examples of the page: choosing, counting and keeping them. */
import { batch, effect } from '@preact/signals';
import { reasonOf, say } from '../work.js';
import type { Row, RowShape } from './api.js';
import { ask } from './client.js';
import { keepDraft, readDraft } from './drafts.js';
import { settingsOf } from './efforts.js';
import { isBlank, newRow } from './examples/rows.js';
import { systemIn } from './examples/systemIn.js';
import { examplesIn, hasExamples, type SharedExamples } from './examplesLink.js';
import { PRESETS } from './presets/index.js';
import type { Preset } from './presets/preset.js';
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
  shape,
  sparesMemory,
  suggestedSettings,
  system,
  taughtRows,
  views,
} from './state.js';

/** Pause in typing before the rows are counted and kept. */
const PAUSE_MS = 250;

/** Enough tokens for any template. */
const LONG = 1024;

/** Number of questions that are asked during a lesson. */
const MOST_PROBES = 2;

export function choosePreset(id: string): void {
  const chosen = PRESETS.find((each) => each.id === id);
  const undo = wayBack();
  batch(() => {
    preset.value = id;
    rows.value = (chosen?.rows ?? [{ prompt: '', answer: '' }]).map(newRow);
    system.value = chosen?.system;
    probes.value = chosen?.probes.slice(0, MOST_PROBES) ?? [];
    suggest(chosen);
    ownSettings.value = undefined;
  });
  if (undo) say('note', 'The examples were replaced', { label: 'Undo', run: undo });
}

/** Offers the recommended settings of a set, and chooses them. */
function suggest(chosen: Preset | undefined): void {
  suggestedSettings.value = chosen && {
    ...settingsOf('quick', chosen.rows.length),
    ...chosen.teach,
    heldOut: 0,
  };
  chosenEffort.value = 'suggested';
}

/** @returns a function that restores the present examples; undefined if there is nothing to lose */
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

/** Empties the table and the copy that this browser keeps. */
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

/** Takes the examples of a link or a project file. @returns how to undo that, if something was replaced */
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
    // The sender's device may have more memory.
    ownSettings.value = set && { ...set, isMemoryTight: set.isMemoryTight || sparesMemory.value };
    probes.value = pairs.slice(0, MOST_PROBES).map(({ prompt }) => prompt);
  });
  return undo;
}

/** Shows the kept examples, or those of a link, and keeps and counts every change from now on. */
export async function startExamples(): Promise<void> {
  const draft = await readDraft();
  if (draft && rows.value.length === 0) {
    batch(() => {
      [rows.value, system.value, preset.value] = [draft.rows, draft.system, draft.preset];
      const chosen = PRESETS.find(({ id }) => id === draft.preset);
      probes.value = chosen?.probes.slice(0, MOST_PROBES) ?? [];
      if (chosen) suggest(chosen);
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
      // If the browser keeps nothing, the model panel says so.
      keepDraft({ rows: kept, system: said, preset: id }).catch(() => {});
    },
  );
  whenQuiet(
    () => [rows.value, shape.value, hasTokenizer.value] as const,
    ([all, shaped, canCount]) => {
      if (canCount) void count(all, shaped);
    },
  );
}

/** Makes the first example a question if the chosen set has none. */
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

/** Finds the template's own system prompt, which an example without one shows. */
async function lookForSystem(): Promise<void> {
  try {
    const row = newRow({ prompt: 'Hello', answer: 'Hello' });
    defaultSystem.value = systemIn(
      await ask((lab) => lab.see(row, { system: undefined, maxLength: LONG, trainsPrompts: false })),
    );
  } catch {
    // Each example still shows it.
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

async function count(all: readonly Row[], shaped: RowShape): Promise<void> {
  try {
    const counted = await ask((lab) => lab.describe(all, shaped));
    if (rows.value === all) views.value = new Map(counted.map((view) => [view.id, view]));
  } catch (error) {
    say('error', `The tokens could not be counted: ${reasonOf(error)}`);
  }
}

/** Runs a function with values that have not changed for a while. */
function whenQuiet<T>(values: () => T, run: (values: T) => void): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    const now = values();
    clearTimeout(timer);
    timer = setTimeout(() => run(now), PAUSE_MS);
  });
}
