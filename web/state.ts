/** What the page knows, and how it comes to be and stays: the screens show it, and what can be done is in `actions.ts`. */
import { computed, effect, signal } from '@preact/signals';
import { proxy, type Remote } from 'comlink';
import { drawings, recallDrawings } from './drawings.js';
import type { Lab } from './lab/lab.js';
import type {
  Counts,
  DeviceView,
  LabelledImages,
  OnProgress,
  Prediction,
  Progress,
  SavedModel,
  Scores,
} from './lab/views.js';
import { ask, askReporting, startLab } from './labClient.js';
import { saved, setSaved } from './saved.js';
import { recall } from './storage.js';
import { busyWith, reasonOf, say, work } from './work.js';

export const device = signal<DeviceView | undefined>(undefined);
/** Whether the network is there, so that it answers and can be taught. */
export const ready = signal(false);
/** The 1,000 test images that come with the page, and 1,000 to train with beside them; why they did not come. */
export const quickDigits = signal<LabelledImages | Error | undefined>(undefined);
/** All 70,000 images, which come when they are asked for. */
/** Whether this browser keeps nothing of the visitor's; undefined until that is known. */
export const isNewHere = signal<boolean | undefined>(undefined);
export const mnist = signal<'absent' | { done: number; total: number } | 'ready' | Error>('absent');
export const counts = signal<Counts | undefined>(undefined);
/** A network that was trained from scratch, which waits to be accepted. */
export const candidate = signal<{ readonly scores: Scores; readonly stopped: boolean } | undefined>(
  undefined,
);
/** One that was turned down is kept for a while, in case that was a mistake. */
export const isCandidateShown = signal(true);
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
/** What is on the pad, as MNIST has it. */
export const drawn = signal<Uint8Array | undefined>(undefined);
export const prediction = signal<Prediction | undefined>(undefined);

export const hasQuick = computed(
  () => quickDigits.value !== undefined && !(quickDigits.value instanceof Error),
);
export const hasMnist = computed(() => mnist.value === 'ready');

/** What has happened to the device or the worker, until it is mended. */
let trouble: string | undefined;

/** As `busyWith`; what fails because of a trouble is not told, since that is. */
export async function doing(...[name, body, failed]: Parameters<typeof busyWith>): Promise<void> {
  await busyWith(name, body, (error) => {
    if (trouble === undefined) (failed ?? ((reason) => say('error', reasonOf(reason))))(error);
  });
  progress.value = undefined;
  void predictDrawn();
}

/** Puts all in order again behind the work that fails because of it. */
async function recover(reason: string, mend: () => Promise<string>): Promise<void> {
  if (trouble !== undefined) return;
  trouble = reason;
  const mending = async () => {
    trouble = undefined;
    const done = await mend();
    if (hasQuick.value) await test();
    say('note', `${reason}: ${done}`);
  };
  await doing('opening', mending, (error) => {
    const again = { label: 'Try again', run: () => void recover(reason, mend) };
    say('error', `${reason}, and starting again failed: ${reasonOf(error)}`, again);
  });
}

export const onLost = proxy((reason: string) => {
  // The adapter and the network are on the host too: WebAssembly goes on with them.
  void recover(reason, async () => {
    device.value = await ask((lab) => lab.open('wasm', onLost));
    return 'going on with WebAssembly; what was trained before is still there';
  });
});

function onCrash(reason: string): void {
  const wasReady = ready.value;
  const lost = candidate.value ? ', but the new network that was not in use yet is gone' : '';
  ready.value = false;
  candidate.value = undefined;
  if (!wasReady) return;
  void recover(reason, async () => {
    const hadMnist = hasMnist.value;
    mnist.value = 'absent';
    startLab(onCrash);
    await open(saved.value);
    quickComing = undefined;
    await quickArrived();
    if (hadMnist) void fetchMnist();
    return `it was started again; what was taught before is still there${lost}`;
  });
}

export async function start(): Promise<void> {
  const drawingsAreThere = recallDrawings();
  startLab(onCrash);
  await doing(
    'opening',
    async () => {
      const kept = await recall(['base', 'adapter'], openLate);
      void drawingsAreThere.then(() => {
        isNewHere.value = !kept.adapter && drawings.value.length === 0;
      });
      await open(kept);
    },
    (error) => {
      const again = { label: 'Try again', run: () => void start() };
      say('error', `The network could not be loaded: ${reasonOf(error)}`, again);
    },
  );
  await drawingsAreThere;
  if (!ready.value) return;
  await quickArrived();
  await countIfPossible();
}

let quickComing: Promise<void> | undefined;

/** Once the images that come with the page are there, or cannot be had: drawing and teaching go on without them. */
export function quickArrived(): Promise<void> {
  quickComing ??= fetchQuick();
  return quickComing;
}

async function fetchQuick(): Promise<void> {
  try {
    quickDigits.value = await ask((lab) => lab.fetchQuickDigits());
  } catch (error) {
    quickDigits.value = error instanceof Error ? error : new Error(String(error));
  }
}

export async function retryQuick(): Promise<void> {
  quickComing = undefined;
  await quickArrived();
  await countIfPossible();
}

async function countIfPossible(): Promise<void> {
  if (hasQuick.value) await doing('testing', test);
}

/** What the browser tells late takes its place, unless there is something newer by then. */
function openLate(kept: SavedModel): void {
  if (kept.base === undefined && kept.adapter === undefined) return;
  void doing('loading', async () => {
    if (!ready.value || saved.value.base !== undefined || saved.value.adapter !== undefined) return;
    await install(kept);
    if (hasQuick.value) await test();
  });
}

/** Opens a device with what was kept. */
async function open(kept: SavedModel): Promise<void> {
  // A network so small gains nothing from a graphics card, whose code would have to be fetched.
  device.value = await ask((lab) => lab.open('wasm', onLost));
  await install(kept);
}

/** What of it cannot be used is left out, and left where it is kept. */
async function install({ base, adapter: kept }: SavedModel): Promise<void> {
  const choices: SavedModel[] = [...(kept ? [{ base, adapter: kept }] : []), ...(base ? [{ base }] : []), {}];
  const failures: unknown[] = [];
  for (const choice of choices) {
    try {
      await ask((lab) => lab.install(choice));
      saved.value = choice;
      ready.value = true;
      break;
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length === choices.length) throw failures.at(-1);
  const what = saved.value.base === base ? 'adapter' : 'network';
  if (failures.length > 0) {
    say('note', `The ${what} that this browser has kept cannot be used: ${reasonOf(failures[0])}`);
  }
}

export async function fetchMnist(): Promise<void> {
  mnist.value = { done: 0, total: 0 };
  const told = (done: number, total: number) => {
    mnist.value = { done, total };
  };
  try {
    await askReporting((lab, onBytes) => lab.fetchMnist(onBytes), told);
    mnist.value = 'ready';
  } catch (error) {
    mnist.value = error instanceof Error ? error : new Error(String(error));
    return;
  }
  await doing('testing', test);
}

export async function test(): Promise<void> {
  work.value = 'testing';
  try {
    counts.value = await ask((lab) => lab.evaluate());
  } catch (error) {
    // The counts of another network would be wrong.
    counts.value = undefined;
    throw error;
  }
}

/** Asks for a training, and shows how it goes and what it makes of the drawing on the pad. */
export function follow<T>(
  of: 'base' | 'teaching',
  question: (lab: Remote<Lab>, onProgress: OnProgress) => Promise<T>,
): Promise<T> {
  losses.value = { of, points: [] };
  progress.value = { iteration: 0, iterations: 0, losses: [], perSecond: 0 };
  return askReporting(question, (report: Progress) => {
    progress.value = report;
    losses.value = { of, points: [...losses.value.points, ...report.losses] };
    void predictDrawn();
  });
}

/** Shows the network and adapter that the lab has now, and keeps them. */
export async function show(next: SavedModel): Promise<void> {
  adapterOn.value = true;
  await setSaved(next);
  if (hasQuick.value) await test();
}

let asking = false;
let askAgain = false;

/** Asks for what is on the pad; while an answer is awaited, only the newest drawing waits for the next. */
export async function predictDrawn(): Promise<void> {
  askAgain = true;
  if (asking || !ready.value) return;
  asking = true;
  try {
    while (askAgain) {
      askAgain = false;
      const pixels = drawn.value;
      const answer = pixels && (await ask((lab) => lab.predict(pixels)));
      prediction.value = drawn.value && answer;
    }
  } catch (error) {
    if (trouble === undefined) say('error', reasonOf(error));
  } finally {
    asking = false;
  }
}

effect(() => {
  if (drawn.value !== undefined || prediction.peek()) void predictDrawn();
});
