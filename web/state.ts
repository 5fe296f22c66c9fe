/** What the page knows, and what can be done: the screens only show and call. */
import { computed, effect, signal } from '@preact/signals';
import { proxy, wrap } from 'comlink';
import type { DeviceName } from 'lowrank';
import { adapterAmong, zipAdapter } from './adapterZip.js';
import type { Lab } from './lab/lab.js';
import type { Example, TeachOptions } from './lab/teaching.js';
import type { AdapterView, DeviceView, Prediction, Progress, Scores } from './lab/views.js';
import { keep, recall } from './storage.js';

export type Work = 'opening' | 'base' | 'teaching' | 'testing' | 'loading';

/** A line about what went wrong, or what was done instead. */
export interface Message {
  readonly kind: 'error' | 'note';
  readonly text: string;
}

export const device = signal<DeviceView | undefined>(undefined);
export const work = signal<Work | undefined>('opening');
export const message = signal<Message | undefined>(undefined);
export const mnist = signal<{ done: number; total: number } | 'ready' | Error>({ done: 0, total: 0 });
export const baseTrainedHere = signal(false);
export const scores = signal<{ base: Scores; adapted: Scores | undefined } | undefined>(undefined);
export const adapter = signal<AdapterView | undefined>(undefined);
export const adapterOn = signal(true);
export const progress = signal<Progress | undefined>(undefined);
/** Losses of the training that runs or ran last, by iteration. */
export const losses = signal<{
  readonly of: 'base' | 'teaching';
  readonly points: Progress['losses'];
}>({
  of: 'base',
  points: [],
});
export const drawings = signal<readonly Example[]>([]);
/** What is on the pad, as MNIST has it. */
export const drawn = signal<Uint8Array | undefined>(undefined);
export const prediction = signal<Prediction | undefined>(undefined);

export const busy = computed(() => work.value !== undefined);
export const hasData = computed(() => mnist.value === 'ready');

const worker = new Worker(new URL('./lab/worker.ts', import.meta.url), {
  type: 'module',
  name: location.href,
});
const lab = wrap<Lab>(worker);

function say(kind: Message['kind'], text: string): void {
  message.value = { kind, text };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

let last = Promise.resolve();

/** Runs one piece of work after those before it, and shows what went wrong with it. */
function busyWith(name: Work, body: () => Promise<void>): Promise<void> {
  last = last.then(() => run(name, body));
  return last;
}

async function run(name: Work, body: () => Promise<void>): Promise<void> {
  work.value = name;
  message.value = undefined;
  try {
    await body();
  } catch (error) {
    // A lost device says so itself, and what is done about it.
    if (!lost) say('error', sentence(reasonOf(error)));
  } finally {
    work.value = undefined;
    progress.value = undefined;
  }
  if (lost) await afterLoss();
  await predictDrawn();
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

let lost: string | undefined;

const onLost = proxy((reason: string) => {
  lost = reason;
  // Work that fails for it sees to it itself.
  if (!busy.value) last = last.then(afterLoss);
});

/** The adapter and the base are on the host too: WebAssembly goes on with them. */
async function afterLoss(): Promise<void> {
  const reason = lost;
  if (reason === undefined) return;
  lost = undefined;
  await run('opening', async () => {
    device.value = await lab.open('wasm', onLost);
  });
  say('note', sentence(`${reason}: going on with WebAssembly; what was trained before is still there`));
}

export async function start(): Promise<void> {
  await busyWith('opening', async () => {
    device.value = await lab.open('auto', onLost);
    const base = await recall('base');
    await lab.setBase(base);
    baseTrainedHere.value = base !== undefined;
    drawings.value = (await recall('drawings')) ?? [];
    const kept = await recall('adapter');
    if (kept) adapter.value = await lab.loadAdapter(kept.files, kept.view);
  });
  await fetchMnist();
}

export async function fetchMnist(): Promise<void> {
  mnist.value = { done: 0, total: 0 };
  try {
    const onBytes = proxy((done: number, total: number) => {
      if (mnist.value !== 'ready') mnist.value = { done, total };
    });
    await lab.fetchMnist(onBytes);
    mnist.value = 'ready';
    await busyWith('testing', test);
  } catch (error) {
    mnist.value = error instanceof Error ? error : new Error(String(error));
  }
}

async function test(): Promise<void> {
  work.value = 'testing';
  scores.value = await lab.evaluate();
}

/** Shows how a training goes. */
function follow(of: 'base' | 'teaching') {
  losses.value = { of, points: [] };
  progress.value = { iteration: 0, iterations: 0, losses: [], perSecond: 0 };
  return proxy((report: Progress) => {
    progress.value = report;
    losses.value = { of, points: [...losses.value.points, ...report.losses] };
  });
}

export function trainBase(epochs: number): Promise<void> {
  return busyWith('base', async () => {
    await lab.trainBase(epochs, follow('base'));
    adapter.value = undefined;
    baseTrainedHere.value = true;
    await keepSafely('base', await lab.baseBytes());
    await keepSafely('adapter', undefined);
    await test();
  });
}

export async function restoreBase(): Promise<void> {
  await busyWith('loading', async () => {
    await lab.setBase();
    adapter.value = undefined;
    baseTrainedHere.value = false;
    await keepSafely('base', undefined);
    await keepSafely('adapter', undefined);
    await test();
  });
}

export function teach(options: TeachOptions): Promise<void> {
  return busyWith('teaching', async () => {
    const view = await lab.teach(options, follow('teaching'));
    await showAdapter(view);
  });
}

async function showAdapter(view: AdapterView | undefined): Promise<void> {
  adapter.value = view;
  adapterOn.value = true;
  const files = await lab.adapterFiles();
  await keepSafely('adapter', view && files && { files, view });
  if (hasData.value) await test();
}

export function stop(): void {
  void lab.stop();
}

export function loadAdapter(files: readonly File[]): Promise<void> {
  return busyWith('loading', async () => {
    await showAdapter(await lab.loadAdapter(await adapterAmong(files)));
  });
}

export function removeAdapter(): Promise<void> {
  return busyWith('loading', async () => {
    await lab.removeAdapter();
    await showAdapter(undefined);
  });
}

export async function downloadAdapter(): Promise<void> {
  const files = await lab.adapterFiles();
  if (!files) return;
  const url = URL.createObjectURL(new Blob([zipAdapter(files)], { type: 'application/zip' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = 'lowrank-adapter.zip';
  link.click();
  // The download has its own hold on the bytes once the event loop has turned.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export function chooseDevice(name: 'auto' | DeviceName): Promise<void> {
  return busyWith('opening', async () => {
    device.value = await lab.open(name, onLost);
    if (hasData.value) await test();
  });
}

export async function setDrawings(next: readonly Example[]): Promise<void> {
  drawings.value = next;
  await keepSafely('drawings', next);
}

async function keepSafely(...entry: Parameters<typeof keep>): Promise<void> {
  try {
    await keep(...entry);
  } catch (error) {
    say('note', sentence(`this browser does not keep your work over a reload: ${reasonOf(error)}`));
  }
}

let asking = false;
let askAgain = false;

/** Asks for what is on the pad; while an answer is awaited, only the newest drawing waits for the next. */
export async function predictDrawn(): Promise<void> {
  askAgain = true;
  if (asking || busy.value) return;
  asking = true;
  try {
    while (askAgain) {
      askAgain = false;
      const pixels = drawn.value;
      const answer = pixels && (await lab.predict(pixels));
      prediction.value = drawn.value && answer;
    }
  } catch (error) {
    say('error', sentence(reasonOf(error)));
  } finally {
    asking = false;
  }
}

effect(() => {
  if (drawn.value !== undefined || prediction.peek()) void predictDrawn();
});
