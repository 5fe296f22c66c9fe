/** Starts the rest of the page once the recorded lesson can be read: panels, examples, and what this device keeps. */
import { startDevice } from './device.js';
import { watchOtherTabs } from './elsewhere.js';
import { startExamples } from './examples.js';
import { watchKeptAdapters } from './keptAdapters.js';
import { startLanguageLab } from './loadModel.js';
import { watchRoom } from './onDevice.js';
import { watchWaitingAdapter } from './taking.js';
import { watchEstimates } from './teaching.js';
import { sections } from './ui/app.js';
import * as panels from './ui/sections.js';

/** Resolves when the page no longer requires the network. */
export async function start(): Promise<void> {
  sections.value = panels;
  const examples = startExamples();
  watchEstimates();
  watchWaitingAdapter();
  watchOtherTabs();
  watchRoom();
  watchKeptAdapters();
  await startLanguageLab();
  await Promise.all([examples, startDevice()]);
}
