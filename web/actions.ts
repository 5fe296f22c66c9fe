/** What can be done on the page. */
import type { DeviceName } from 'lowrank';
import { adapterAmong, zipAdapter } from './adapterZip.js';
import { whatDiverged, whatHappened } from './divergence.js';
import { addDrawings, removeDrawings } from './drawings.js';
import { count } from './format.js';
import type { Example, TeachOptions } from './lab/teaching.js';
import type { SavedModel } from './lab/views.js';
import { ask } from './labClient.js';
import { keepingSafely, saved } from './saved.js';
import { candidate, device, doing, follow, hasQuick, onLost, show, test } from './state.js';
import { areDefaults, resetSettings, source } from './teachSettings.js';
import { say } from './work.js';

/** Trains a network beside the one there is, which stays until the new one is accepted. */
export function trainBase(epochs: number): Promise<void> {
  return doing('base', async () => {
    const trained = await follow('base', (lab, onProgress) => lab.trainBase(epochs, onProgress));
    candidate.value = trained;
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

export function discardBase(): Promise<void> {
  return doing('loading', async () => {
    await ask((lab) => lab.discardBase());
    candidate.value = undefined;
  });
}

function undoTo(before: SavedModel) {
  return { label: 'Undo', run: () => void replace(() => before) };
}

/** @param said  about what is gone, which can be undone */
function replace(by: (now: SavedModel) => SavedModel, said?: string): Promise<void> {
  return doing('loading', async () => {
    const before = saved.value;
    const next = by(before);
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

export function teach(options: TeachOptions): Promise<void> {
  return doing('teaching', async () => {
    const before = saved.value;
    const { adapter: taught, ...outcome } = await follow('teaching', (lab, onProgress) =>
      lab.teach(options, onProgress),
    );
    if (taught) await show({ ...before, adapter: taught });
    const { diverged, stopped, iterations } = outcome;
    if (diverged) {
      const back = { label: 'Put the default settings back', run: resetSettings };
      say('error', whatDiverged(diverged, iterations, options), areDefaults.value ? undefined : back);
    } else if (stopped && before.adapter) {
      const text = `Stopped after ${count(iterations, 'iteration')}: this adapter replaces the previous one`;
      say('note', text, { ...undoTo(before), label: 'Put the previous adapter back' });
    }
  });
}

export function stop(): void {
  // A worker that crashed has stopped, and said so.
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
    say('note', `${names}: an adapter of rank ${rank} and alpha ${alpha} is loaded`, undoTo(before));
  });
}

export function downloadAdapter(): void {
  if (!saved.value.adapter) return;
  const zip = zipAdapter(saved.value.adapter.files);
  const url = URL.createObjectURL(new Blob([zip], { type: 'application/zip' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = 'lowrank-adapter.zip';
  link.click();
  // The download has its own hold on the bytes once the event loop has turned.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export function chooseDevice(name: 'auto' | DeviceName): Promise<void> {
  return doing('opening', async () => {
    device.value = await ask((lab) => lab.open(name, onLost));
    if (hasQuick.value) await test();
  });
}

/** Keeps a drawing, and makes it and the others what is taught next. */
export async function keepDrawing(drawing: Example): Promise<void> {
  source.value = 'drawings';
  await keepingSafely('drawings', addDrawings([drawing]));
}

export async function deleteDrawings(gone: readonly Example[]): Promise<void> {
  const back = () => void keepingSafely('drawings', addDrawings(gone));
  await keepingSafely('drawings', removeDrawings(gone));
  say('note', `${count(gone.length, 'drawing')} deleted`, { label: 'Undo', run: back });
}
