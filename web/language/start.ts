/** What the page does once the recorded lesson can be read: its panels, the examples, and what this device keeps. */
import { startDevice } from './device.js';
import { watchOtherTabs } from './elsewhere.js';
import { startExamples } from './examples.js';
import { startLanguageLab } from './loadModel.js';
import { watchRoom } from './onDevice.js';
import { watchWaitingAdapter } from './taking.js';
import { watchEstimates } from './teaching.js';
import { sections } from './ui/app.js';
import * as panels from './ui/sections.js';

/** @returns when the page needs the network no more */
export async function start(): Promise<void> {
  sections.value = panels;
  const examples = startExamples();
  watchEstimates();
  watchWaitingAdapter();
  watchOtherTabs();
  watchRoom();
  await startLanguageLab();
  await Promise.all([examples, startDevice()]);
}
