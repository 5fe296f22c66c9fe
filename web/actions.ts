/** The actions of the page. */
import { signal } from '@preact/signals';
import type { DeviceName } from 'lowrank';
import { adapterAmong } from './adapterZip.js';
import { whatDiverged, whatHappened } from './divergence.js';
import { addDrawings, drawings, removeDrawings } from './drawings.js';
import { count } from './format.js';
import type { Example, TeachOptions } from './lab/teaching.js';
import type { SavedAdapter, SavedModel } from './lab/views.js';
import { ask } from './labClient.js';
import { answerOf } from './reading.js';
import { keepingSafely, saved } from './saved.js';
import { finishSheet, showImage } from './sheet.js';
import {
  candidate,
  device,
  doing,
  drawn,
  follow,
  hasQuick,
  isCandidateShown,
  onLost,
  quickArrived,
  quickDigits,
  retryQuick,
  show,
  test,
} from './state.js';
import { areDefaults, digits, obstacle, resetSettings, settings, source } from './teachSettings.js';
import { busy, say } from './work.js';

/** Trains a new network; the present one stays until the new one is accepted. */
export function trainBase(epochs: number): Promise<void> {
  return doing('base', async () => {
    const trained = await follow('base', (lab, onProgress) => lab.trainBase(epochs, onProgress));
    candidate.value = trained;
    isCandidateShown.value = true;
    const { diverged, iterations } = trained;
    if (diverged) say('error', `The training went wrong: ${whatHappened(diverged, iterations)}`);
  });
}

export function acceptBase(): Promise<void> {
  return doing('loading', async () => {
    const before = saved.value;
    const base = await ask((lab) => lab.acceptBase());
    candidate.value = undefined;
    await show({ base });
    const lost = before.adapter ? ' The adapter was removed: it belongs to the old network.' : '';
    say('note', `The new network is in use.${lost}`, undoTo(before));
  });
}

/** Turns the new network down. It is kept until the next one is trained, so that this can be undone. */
export function discardBase(): void {
  isCandidateShown.value = false;
  const back = () => {
    isCandidateShown.value = true;
  };
  say('note', 'The new network is not used', { label: 'Undo', run: back });
}

export function undoTo(before: SavedModel) {
  return { label: 'Undo', run: () => void replace(() => before) };
}

/** @param said  a message about what was removed; it offers Undo */
function replace(by: (now: SavedModel) => SavedModel, said?: string): Promise<void> {
  return doing('loading', async () => {
    const before = saved.value;
    const next = by(before);
    lesson.value = undefined;
    await ask((lab) => lab.install(next));
    await show(next);
    if (said) say('note', said, undoTo(before));
  });
}

export function restoreBase(): Promise<void> {
  return replace(() => ({}), 'The original network is back, without an adapter');
}

export function removeAdapter(): Promise<void> {
  return replace(({ base }) => ({ base }), 'The adapter was removed');
}

/** The lesson of the latest tap, until something else is done. */
export interface Lesson {
  readonly label: number;
  readonly seconds: number;
  /** Number of drawings that it learned from. */
  readonly drawings: number;
  readonly drawing: Example;
  /** The digit that it reads the drawing as now; undefined if it cannot tell. */
  readonly reads: number | undefined;
  /** The network and adapter before the lesson. */
  readonly before: SavedModel;
}

export const lesson = signal<Lesson | undefined>(undefined);

/** Keeps the drawing on the pad under a label, and teaches it together with all kept drawings. */
export async function teachThis(label: number): Promise<void> {
  const pixels = drawn.value;
  if (!pixels || busy.value) return;
  const drawing = { pixels, label };
  const before = saved.value;
  source.value = 'drawings';
  finishSheet();
  void keepingSafely('drawings', addDrawings([drawing]));
  const taught = await teach(optionsNow(), 'lesson');
  if (!taught) return;
  const { seconds = 0 } = taught.view;
  const { adapted } = await ask((lab) => lab.predict(pixels));
  const what = { label, seconds, drawings: drawings.value.length, drawing };
  lesson.value = { ...what, reads: answerOf(adapted), before };
}

/** Forgets the lesson, and the drawing that was kept for it. */
export async function undoLesson(): Promise<void> {
  const last = lesson.value;
  if (!last || busy.value) return;
  lesson.value = undefined;
  await replace(() => last.before);
  await keepingSafely('drawings', removeDrawings([last.drawing]));
}

/** What the current settings teach. */
function optionsNow(): TeachOptions {
  const what = source.value === 'drawings' ? { drawings: drawings.value } : { digits: digits.value };
  return { what, ...settings.value, replay: settings.value.replay / 100 };
}

/** Teaches the same again with the current settings. */
export async function teachAgain(): Promise<void> {
  if (!busy.value && obstacle.value === undefined) await teach(optionsNow());
}

/** Teaches MNIST digits. */
export async function practise(): Promise<void> {
  source.value = 'digits';
  await teachAgain();
}

export function putDefaultsBack(): void {
  const before = settings.value;
  resetSettings();
  const back = () => {
    settings.value = before;
  };
  say('note', 'The settings are the defaults again', { label: 'Undo', run: back });
}

function whyNoQuick(): Error | undefined {
  return quickDigits.value instanceof Error ? quickDigits.value : undefined;
}

/** @param as  `lesson`: says itself what it replaces */
export async function teach(options: TeachOptions, as?: 'lesson'): Promise<SavedAdapter | undefined> {
  let learned: SavedAdapter | undefined;
  await doing('teaching', async () => {
    const before = saved.value;
    lesson.value = undefined;
    await quickArrived();
    const missing = options.replay > 0 && 'drawings' in options.what ? whyNoQuick() : undefined;
    const possible = missing ? { ...options, replay: 0 } : options;
    const { adapter: taught, ...outcome } = await follow('teaching', (lab, onProgress) =>
      lab.teach(possible, onProgress),
    );
    if (taught) await show({ ...before, adapter: taught });
    learned = taught;
    const { diverged, stopped, iterations } = outcome;
    if (diverged) {
      const back = { label: 'Put the default settings back', run: resetSettings };
      say('error', whatDiverged(diverged, iterations, options), areDefaults.value ? undefined : back);
    } else if (missing) {
      const text = `It learned without old digits mixed in, and may have forgotten some: ${missing.message}`;
      say('note', text, { label: 'Fetch them', run: () => void retryQuick() });
    } else if (before.adapter && !(as === 'lesson' && !stopped)) {
      const text = stopped ? `Stopped after ${count(iterations, 'step')}: this` : 'This';
      const back = { ...undoTo(before), label: 'Put the previous adapter back' };
      say('note', `${text} adapter replaces the previous one`, back);
    }
  });
  return learned;
}

export function stop(): void {
  // A crashed worker has stopped already and reported it.
  ask((lab) => lab.stop()).catch(() => {});
}

export function loadAdapter(files: readonly File[]): Promise<void> {
  return doing('loading', async () => {
    const before = saved.value;
    const found = await adapterAmong(files);
    const loaded = await ask((lab) => lab.loadAdapter(found));
    await show({ ...before, adapter: loaded });
    const { rank, alpha } = loaded.view;
    const names =
      files.length > 2 ? count(files.length, 'file') : files.map(({ name }) => name).join(' and ');
    const { drawings: shown = [] } = loaded.view;
    if (shown.length > 0) showImage(shown[shown.length - 1].pixels);
    const note = loaded.note ? ` ${loaded.note}` : '';
    say('note', `${names}: an adapter of rank ${rank} and alpha ${alpha} is loaded.${note}`, undoTo(before));
  });
}

export function chooseDevice(name: 'auto' | DeviceName): Promise<void> {
  return doing('opening', async () => {
    device.value = await ask((lab) => lab.open(name, onLost));
    if (hasQuick.value) await test();
  });
}

export async function deleteDrawings(gone: readonly Example[]): Promise<void> {
  const back = () => void keepingSafely('drawings', addDrawings(gone));
  await keepingSafely('drawings', removeDrawings(gone));
  say('note', `${count(gone.length, 'drawing')} deleted`, { label: 'Undo', run: back });
}
