/** Loads the page's own model, on a click, or a visitor's files. */
import { reasonOf, say } from '../work.js';
import type { AdapterInfo, Loading, ModelFacts, ModelView } from './api.js';
import { ask, askReporting, watchLab } from './client.js';
import { lookForAdapters } from './keptAdapters.js';
import {
  adapter,
  isOnline,
  isOwnModel,
  isTeaching,
  loading,
  loadingFacts,
  model,
  modelProblem,
  own,
  stored,
  unfinished,
} from './state.js';
import { holdModel, isElsewhere, releaseModel } from './tabs.js';
import { removeAdapter } from './taking.js';
import { day } from './ui/model/words.js';

/** Longest wait for an idle page before it asks what this device keeps. */
const IDLE_MS = 1000;

let ownFiles: readonly File[] = [];

export async function startLanguageLab(): Promise<void> {
  for (const name of ['online', 'offline'] as const)
    addEventListener(name, () => {
      isOnline.value = navigator.onLine;
    });
  watchLab(onCrash);
  await idle();
  await look();
}

/** Resolves when the page is idle: the worker is half a megabyte of code that nobody has asked for yet. */
function idle(): Promise<void> {
  return new Promise((resolve) => {
    // Safari does not have requestIdleCallback.
    if (typeof requestIdleCallback === 'function') requestIdleCallback(() => resolve(), { timeout: IDLE_MS });
    else setTimeout(resolve, IDLE_MS);
  });
}

/** Shows what this device keeps. */
async function look(): Promise<void> {
  try {
    stored.value = await ask((lab) => lab.stored());
    unfinished.value = await ask((lab) => lab.unfinished());
    await lookForAdapters();
  } catch (error) {
    say('error', `What is stored on this device could not be read: ${reasonOf(error)}`);
  }
}

/** Clears the state of a model whose worker has ended; examples and a kept lesson stay. */
export function closeModel(): void {
  model.value = undefined;
  adapter.value = undefined;
  loading.value = undefined;
  loadingFacts.value = undefined;
  isTeaching.value = false;
  void look();
}

function onCrash(reason: string): void {
  closeModel();
  modelProblem.value = `${reason}. Your examples are still there.`;
}

function told(now: Loading, facts: ModelFacts | undefined): void {
  loading.value = now;
  loadingFacts.value = facts ?? loadingFacts.value;
}

export const openShipped = (): Promise<void> =>
  open(false, () => askReporting((lab, report) => lab.openShipped(report), told));

export async function lookAtOwn(files: readonly File[]): Promise<void> {
  ownFiles = files;
  own.value = { state: 'looking' };
  try {
    own.value = { state: 'known', facts: await ask((lab) => lab.inspect(files)) };
  } catch (error) {
    own.value = { state: 'refused', why: reasonOf(error) };
  }
}

export const openOwn = (): Promise<void> =>
  open(true, () => askReporting((lab, report) => lab.openFiles(ownFiles, report), told));

/** Opens again what was open before its worker was ended. */
export const openAgain = (): Promise<void> => (isOwnModel.value ? openOwn() : openShipped());

export function forgetOwn(): void {
  own.value = undefined;
  ownFiles = [];
}

async function open(isOwn: boolean, opened: () => Promise<ModelView>): Promise<void> {
  if (loading.value) return;
  modelProblem.value = undefined;
  if (!(await holdModel()) || loading.value) return;
  loading.value = { stage: 'checking' };
  try {
    model.value = await opened();
    isOwnModel.value = isOwn;
    adapter.value = await ask((lab) => lab.adapter());
    if (adapter.value) sayBack(adapter.value);
    if (isOwn) own.value = undefined;
    stored.value = await ask((lab) => lab.stored());
  } catch (error) {
    // A model that another tab has taken has its own message.
    if (!isElsewhere.value) modelProblem.value = reasonOf(error);
  } finally {
    loading.value = undefined;
    loadingFacts.value = undefined;
    if (!model.value) releaseModel();
  }
}

function sayBack({ keptSince }: AdapterInfo): void {
  const from = keptSince === undefined ? '' : ` from ${day(keptSince)}`;
  say('note', `Your adapter${from} is back`, { label: 'Remove', run: () => void removeAdapter() });
}

export async function deleteStored(): Promise<void> {
  if (!(await holdModel())) return;
  try {
    await ask((lab) => lab.deleteStored());
    stored.value = await ask((lab) => lab.stored());
  } catch (error) {
    say('error', reasonOf(error));
  } finally {
    if (!model.value) releaseModel();
  }
}

export const pauseLoading = (): Promise<void> => ask((lab) => lab.pauseLoading());
export const resumeLoading = (): Promise<void> => ask((lab) => lab.resumeLoading());
