/** The lab of the language-model page in its worker, which is fetched and started when it is first needed. */
import type { Remote } from 'comlink';
import { WorkerClient } from '../workerClient.js';
import type { LanguageLab } from './api.js';
import { StopAddresses } from './stopAddresses.js';
import { StopFlags, type Stoppable, sharedMemory } from './stopFlags.js';

const client = new WorkerClient<LanguageLab>();
const memory = sharedMemory();
/** Flags of what is to stop, raised along with the call, which the worker receives only between computations. */
export const flags = new StopFlags(memory, memory ? undefined : new StopAddresses(tellAddress));
let isStarted = false;
let onCrash: (reason: string) => void = () => {};
let onLost: () => void = () => {};
let deviceName: LabDevice = 'wasm';

/** Device of the worker; WebGPU only if the visitor has chosen it. */
export type LabDevice = 'wasm' | 'webgpu';

/** @param lost  called when the graphics card no longer answers */
export function watchDevice(lost: () => void): void {
  onLost = lost;
}

/** Sets the device of the next worker. */
export function setLabDevice(name: LabDevice): void {
  deviceName = name;
}

function addressWith(device: LabDevice): string {
  const address = new URL(location.href);
  address.hash = device;
  return address.href;
}

/** Tells the worker an address; if it does not run, its crash is reported. */
function tellAddress(what: Stoppable, address: string): void {
  void ask((lab) => lab.hearStopAt(what, address)).catch(() => {});
}

/** @param told  called when the worker crashes; the next question starts it again */
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
  // If the worker does not run, its crash is reported.
  if (memory) void client.ask((lab) => lab.hearStops(memory)).catch(() => {});
}

/** Ends the worker; the next question starts another. @param reason  the error for open questions */
export function stopLab(reason: Error): void {
  isStarted = false;
  client.stop(reason);
}

/** @throws Error when the worker crashes before it has answered, or does not run */
export function ask<T>(question: (lab: Remote<LanguageLab>) => Promise<T>): Promise<T> {
  startOnce();
  return watched(client.ask(question));
}

/** Like `ask`, for work that reports while it runs. */
export const askReporting: WorkerClient<LanguageLab>['askReporting'] = (question, told) => {
  startOnce();
  return watched(client.askReporting(question, told));
};

/** Messages about a lost graphics card, from the library or from a browser whose buffers fail before it reports the loss. */
const LOST = /webgpu: (?:the device was lost|.*\bmapAsync\b)/;

async function watched<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Error && LOST.test(error.message)) onLost();
    throw error;
  }
}
