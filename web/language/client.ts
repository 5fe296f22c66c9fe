/** The lab of the language-model page in its worker, which is fetched and started when it is first needed. */
import type { Remote } from 'comlink';
import { WorkerClient } from '../workerClient.js';
import type { LanguageLab } from './api.js';
import { StopFlags, sharedMemory } from './stopFlags.js';

const client = new WorkerClient<LanguageLab>();
const memory = sharedMemory();
/** What is to stop: raised beside the call that stops it, which the worker hears only when it has computed a while. */
export const flags = new StopFlags(memory);
let isStarted = false;
let onCrash: (reason: string) => void = () => {};
let onLost: () => void = () => {};
let deviceName: LabDevice = 'wasm';

/** WebGPU only where a person has chosen it. */
export type LabDevice = 'wasm' | 'webgpu';

/** @param lost  told when the graphics card does not answer any more */
export function watchDevice(lost: () => void): void {
  onLost = lost;
}

/** What the next worker computes on. */
export function setLabDevice(name: LabDevice): void {
  deviceName = name;
}

function addressWith(device: LabDevice): string {
  const address = new URL(location.href);
  address.hash = device;
  return address.href;
}

/** @param told  when the worker crashes; it is started again when it is next asked */
export function watchLab(told: (reason: string) => void): void {
  onCrash = told;
}

function startOnce(): void {
  if (isStarted) return;
  isStarted = true;
  const started = new Worker(new URL('./lab/worker.ts', import.meta.url), {
    type: 'module',
    name: addressWith(deviceName),
  });
  client.start(started, (reason) => {
    isStarted = false;
    onCrash(reason);
  });
  // Where the worker does not run, the crash is told.
  if (memory) void client.ask((lab) => lab.hearStops(memory)).catch(() => {});
}

/** Ends the worker; whoever asks next has another. @param reason  why, for those who wait */
export function stopLab(reason: Error): void {
  isStarted = false;
  client.stop(reason);
}

/** @throws Error when the worker crashes before it has answered, or does not run */
export function ask<T>(question: (lab: Remote<LanguageLab>) => Promise<T>): Promise<T> {
  startOnce();
  return watched(client.ask(question));
}

/** As `ask`, for work that reports while it runs. */
export const askReporting: WorkerClient<LanguageLab>['askReporting'] = (question, told) => {
  startOnce();
  return watched(client.askReporting(question, told));
};

/** What is said of a graphics card that was lost, by the library or by a browser that tells it later than its buffers fail. */
const LOST = /webgpu: (?:the device was lost|.*\bmapAsync\b)/;

async function watched<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Error && LOST.test(error.message)) onLost();
    throw error;
  }
}
